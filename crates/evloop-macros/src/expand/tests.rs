//! What is written, and what is refused with which words.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Kind, expand};

fn main_fn() -> TokenStream {
    quote!(
        async fn main() {}
    )
}

fn written(kind: Kind, options: TokenStream, function: TokenStream) -> String {
    let written = expand(kind, options, function).expect("nothing is wrong");
    written.to_string()
}

#[track_caller]
fn refused(kind: Kind, options: TokenStream, function: TokenStream, part: &str) {
    let error = expand(kind, options, function).expect_err("something is wrong");
    let text = error.to_string();
    assert!(text.contains(part), "{text}");
}

#[test]
fn main_is_a_function_around_the_one_that_was_written() {
    let function = quote! {
        #[expect(unused, reason = "why")]
        async fn main() -> Result<(), Error> { work().await?; Ok(()) }
    };
    let expected = quote! {
        #[expect(unused, reason = "why")]
        fn main() -> Result<(), Error> {
            async fn main() -> Result<(), Error> { work().await?; Ok(()) }
            ::evloop::for_macros::Program::event_loop().run(main())
        }
    };
    assert_eq!(
        written(Kind::Main, quote!(), function),
        expected.to_string()
    );
}

#[test]
fn options_are_calls() {
    let check = |options: TokenStream, expected: TokenStream| {
        let written = written(Kind::Test, options, main_fn());
        assert!(written.contains(&expected.to_string()), "{written}");
    };
    check(
        quote!(flavor = "event_loop"),
        quote!(Program::event_loop().run),
    );
    check(quote!(flavor = "runtime"), quote!(Program::runtime().run));
    check(
        quote!(workers = 4, flavor = "runtime"),
        quote!(Program::runtime().workers(4usize).run),
    );
    check(
        quote!(flavor = "runtime", seed = 7, virtual_time = true,),
        quote!(Program::runtime().seed(7u64).virtual_time().run),
    );
    check(
        quote!(virtual_time = false),
        quote!(Program::event_loop().run),
    );
}

#[test]
fn a_test_keeps_its_attributes() {
    let function = quote!(
        #[should_panic]
        pub(crate) async fn fails() {}
    );
    let expected = quote! {
        #[::core::prelude::v1::test]
        #[should_panic]
        pub(crate) fn fails() {
            async fn fails() {}
            ::evloop::for_macros::Program::event_loop().run(fails())
        }
    };
    assert_eq!(
        written(Kind::Test, quote!(), function),
        expected.to_string()
    );
}

#[test]
fn functions_that_nobody_could_run_are_refused() {
    let check = |function: TokenStream, part: &str| {
        refused(Kind::Main, quote!(), function.clone(), part);
        refused(Kind::Test, quote!(), function, part);
    };
    check(
        quote!(
            fn main() {}
        ),
        "has to be `async`",
    );
    check(
        quote!(
            async fn main(n: u32) {}
        ),
        "cannot have arguments",
    );
    check(
        quote!(
            async fn main(&self) {}
        ),
        "cannot have arguments",
    );
    check(
        quote!(
            async fn main<T>() {}
        ),
        "cannot be generic",
    );
    check(
        quote!(
            async fn main()
            where
                u8: Copy,
            {
            }
        ),
        "cannot be generic",
    );
    check(
        quote!(
            async extern "C" fn main() {}
        ),
        "cannot be `extern`",
    );
    check(
        quote!(
            const async fn main() {}
        ),
        "cannot be `const`",
    );
    check(
        quote!(
            struct Main;
        ),
        "is for an `async fn`",
    );
    check(
        quote!(
            async fn main();
        ),
        "is for an `async fn`",
    );
    check(quote!(), "is for an `async fn`");
}

#[test]
fn main_is_called_main_and_a_test_is_a_test_once() {
    let other = quote!(
        async fn other() {}
    );
    refused(Kind::Main, quote!(), other, "`evloop::run` runs others");
    let twice = quote!(
        #[test]
        async fn twice() {}
    );
    refused(Kind::Test, quote!(), twice, "remove `#[test]`");
}

#[test]
fn options_that_there_are_not_are_refused() {
    let main = |options, part: &str| refused(Kind::Main, options, main_fn(), part);
    let test = |options, part: &str| refused(Kind::Test, options, main_fn(), part);

    main(quote!(flavour = "runtime"), "`flavor` and `workers`");
    test(quote!(flavour = "runtime"), "`virtual_time` and `seed`");
    main(quote!(virtual_time = true), "is for tests");
    main(quote!(seed = 1), "is for tests");
    main(quote!("runtime"), "expected");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let check = |options, part: &str| refused(Kind::Test, options, main_fn(), part);

    check(
        quote!(flavor = "multi_thread"),
        "\"event_loop\" or \"runtime\"",
    );
    check(quote!(flavor = runtime), "\"event_loop\" or \"runtime\"");
    check(quote!(flavor), "\"event_loop\" or \"runtime\"");
    check(quote!(flavor = "runtime", flavor = "runtime"), "twice");
    check(quote!(flavor = "runtime", workers = 0), "1 to 4096");
    check(quote!(flavor = "runtime", workers = 5000), "1 to 4096");
    check(quote!(flavor = "runtime", workers = "4"), "1 to 4096");
    check(quote!(flavor = "runtime", seed = -1), "below 2^64");
    check(quote!(virtual_time), "`true` or `false`");
    check(quote!(virtual_time = 1), "`true` or `false`");
    check(quote!(workers = 4), "needs `flavor = \"runtime\"`");
    check(quote!(seed = 4), "needs `flavor = \"runtime\"`");
    check(
        quote!(flavor = "event_loop", workers = 1),
        "needs `flavor = \"runtime\"`",
    );
}
