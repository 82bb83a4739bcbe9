//! The way of systems and files for which there is no call.

use std::{
    env, fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
};

use super::send_by_hand;

#[test]
fn by_hand_the_same_bytes_are_sent() {
    let path = env::temp_dir().join(format!("evloop-by-hand-{}", std::process::id()));
    fs::File::create(&path)
        .and_then(|mut file| file.write_all(b"0123456789"))
        .expect("there is room");
    let file = fs::File::open(&path).expect("it was written");
    fs::remove_file(&path).expect("it was written");
    let (ours, mut theirs) = UnixStream::pair().expect("loopback works");
    let mut send = |offset, wanted| {
        let sent = send_by_hand(&ours, &file, offset, wanted, &mut [0; 4]);
        let sent = sent.expect("there is room");
        let mut got = vec![0; sent];
        theirs.read_exact(&mut got).expect("it was sent");
        String::from_utf8(got).expect("digits")
    };

    assert_eq!(send(0, 100), "0123", "as much as the buffer takes");
    assert_eq!(send(4, 2), "45", "as much as is wanted");
    assert_eq!(send(8, 100), "89", "as much as there is");
    assert_eq!(send(10, 100), "", "the end");
    assert_eq!(send(1000, 100), "", "behind the end");
}
