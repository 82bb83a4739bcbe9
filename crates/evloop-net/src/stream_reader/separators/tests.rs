//! The search against a simple one.

use proptest::prelude::*;

use super::Search;

/// Every separator at every place, and the one that ends first; of two the longer one begins first,
/// and neither can be preferred by its place in the list unless they are the same range.
fn naive(bytes: &[u8], separators: &[&[u8]]) -> Option<usize> {
    let ends = separators.iter().flat_map(|separator| {
        let starts = (0..bytes.len()).filter(|&start| bytes[start..].starts_with(separator));
        starts.map(|start| start + separator.len())
    });
    ends.min()
}

#[test]
fn no_separator_and_an_empty_one_cannot_be_searched() {
    assert!(Search::new(&[]).is_none());
    assert!(Search::new(&[b"a", b""]).is_none());
}

#[test]
fn the_one_that_ends_first_wins_even_if_it_is_longer() {
    let separators: [&[u8]; 2] = [b"C", b"ABC"];
    let found = Search::new(&separators).unwrap().find(b"xxABC").unwrap();
    assert_eq!(found.end, 5);

    let separators: [&[u8]; 2] = [b"D", b"ABC"];
    let found = Search::new(&separators).unwrap().find(b"xxABCD").unwrap();
    assert_eq!(found, 2..5);
}

proptest! {
    #[test]
    fn it_finds_what_a_simple_search_finds_in_whatever_pieces_bytes_arrive(
        bytes in proptest::collection::vec(0..3u8, 0..40),
        separators in proptest::collection::vec(proptest::collection::vec(0..3u8, 1..4), 1..4),
        cuts in proptest::collection::vec(0..40usize, 0..6),
    ) {
        let separators: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();

        let mut search = Search::new(&separators).unwrap();
        for cut in cuts {
            let found = search.find(&bytes[..cut]);
            prop_assert_eq!(found.clone().map(|found| found.end), naive(&bytes[..cut], &separators));
            if let Some(found) = found {
                prop_assert!(separators.contains(&&bytes[found]));
                return Ok(());
            }
            prop_assert!(search.searched() <= cut);
        }
    }
}
