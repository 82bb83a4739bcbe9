//! What the scanner sees and what it must not be fooled by.

use super::{Function, code_only, functions, line_of, words};

#[track_caller]
fn check(source: &str, expected: &str) {
    let code = code_only(source);

    assert_eq!(code.len(), source.len());
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>().join(" "),
        expected
    );
}

#[test]
fn comments_and_literals_are_blanked_in_place() {
    check("a // b\nc", "a c");
    check("a /* b /* c */ d */ e", "a e");
    check(r#"a("x \" // y") b"#, "a( ) b");
    check(r##"a(r#"x " y"#, b) c"##, "a( , b) c");
    check(r#"a(br"\", b"\"", c"z") d"#, "a( , , ) d");
    check(r"a('x', '\'', '\u{1F600}', 'é', b'\\') b", "a( , , , , ) b");
}

#[test]
fn lifetimes_labels_and_raw_identifiers_are_code() {
    check(
        "fn f<'a>(x: &'a str) -> &'a str",
        "fn f<'a>(x: &'a str) -> &'a str",
    );
    check(
        "'outer: loop { break 'outer }",
        "'outer: loop { break 'outer }",
    );
    check("r#type + car + bcr", "r#type + car + bcr");
}

#[test]
fn an_unclosed_literal_runs_to_the_end_and_nothing_panics() {
    for source in [
        "a \"b",
        "a /* b",
        "a r#\"b\"",
        "a '\\",
        "a '",
        "b'",
        "a b\"\\",
    ] {
        assert_eq!(code_only(source).len(), source.len(), "{source}");
    }
}

#[test]
fn a_function_is_measured_from_its_name_to_its_closing_brace() {
    let code = code_only(
        "/// Docs.\nfn one() {}\n\nasync fn two(\n    a: [u8; 4],\n) -> fn(u8) {\n    \"}\";\n}\ntrait T { fn three(&self); }\n",
    );

    let found = functions(&code);

    let function = |name: &str, line, lines| Function {
        name: name.to_owned(),
        line,
        lines,
    };
    assert_eq!(found, [function("one", 2, 1), function("two", 4, 5)]);
}

#[test]
fn a_word_within_a_longer_one_is_not_found() {
    assert_eq!(words("xfn fn fn_ (fn)", "fn").collect::<Vec<_>>(), [4, 12]);
    assert_eq!(line_of("a\nb\nc", 4), 3);
}
