//! What stands in the parentheses of an attribute.

use proc_macro2::{Span, TokenStream};
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, LitBool, LitInt, LitStr, Result};

/// Which attribute it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Test,
}

/// What was asked for, each with the place where an error about it points.
#[derive(Default)]
pub(crate) struct Options {
    flavor: Option<(Span, Flavor)>,
    workers: Option<(Span, usize)>,
    virtual_time: Option<(Span, bool)>,
    seed: Option<(Span, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavor {
    EventLoop,
    Runtime,
}

impl Options {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        let mut this = Self::default();
        meta::parser(|option| this.take(kind, &option)).parse2(tokens)?;
        this.check()?;
        Ok(this)
    }

    fn take(&mut self, kind: Kind, option: &ParseNestedMeta<'_>) -> Result<()> {
        let is_test = kind == Kind::Test;
        if option.path.is_ident("flavor") {
            put(&mut self.flavor, option, flavor(option)?)
        } else if option.path.is_ident("workers") {
            put(&mut self.workers, option, workers(option)?)
        } else if is_test && option.path.is_ident("virtual_time") {
            let value: LitBool = value(option, "`virtual_time` is `true` or `false`")?;
            put(&mut self.virtual_time, option, value.value)
        } else if is_test && option.path.is_ident("seed") {
            let message = "`seed` is a whole number below 2^64";
            let value: LitInt = value(option, message)?;
            let seed = value.base10_parse();
            put(
                &mut self.seed,
                option,
                seed.map_err(|_| Error::new(value.span(), message))?,
            )
        } else if option.path.is_ident("virtual_time") || option.path.is_ident("seed") {
            Err(option.error("this option is for tests"))
        } else {
            let known = match kind {
                Kind::Main => "`flavor` and `workers`",
                Kind::Test => "`flavor`, `workers`, `virtual_time` and `seed`",
            };
            Err(option.error(format!("there is no such option; there are {known}")))
        }
    }

    /// Options that go together.
    fn check(&self) -> Result<()> {
        if self.flavor() == Flavor::Runtime {
            return Ok(());
        }
        let workers = self.workers.map(|(place, _)| place);
        match workers.or(self.seed.map(|(place, _)| place)) {
            Some(place) => Err(Error::new(
                place,
                "this option needs `flavor = \"runtime\"`: an event loop has one thread, and one order",
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn flavor(&self) -> Flavor {
        self.flavor.map_or(Flavor::EventLoop, |(_, flavor)| flavor)
    }

    pub(crate) fn workers(&self) -> Option<usize> {
        self.workers.map(|(_, workers)| workers)
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.virtual_time.is_some_and(|(_, is_virtual)| is_virtual)
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed.map(|(_, seed)| seed)
    }
}

fn put<T>(place: &mut Option<(Span, T)>, option: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match place.replace((option.path.span(), value)) {
        Some(_) => Err(option.error("this option stands here twice")),
        None => Ok(()),
    }
}

/// What stands behind the `=`, if there is one and it is such a literal.
fn value<T: syn::parse::Parse>(option: &ParseNestedMeta<'_>, message: &str) -> Result<T> {
    let value = option.value().map_err(|_| option.error(message))?;
    value
        .parse()
        .map_err(|error| Error::new(error.span(), message))
}

fn flavor(option: &ParseNestedMeta<'_>) -> Result<Flavor> {
    let message = "`flavor` is \"event_loop\" or \"runtime\"";
    let value: LitStr = value(option, message)?;
    match &*value.value() {
        "event_loop" => Ok(Flavor::EventLoop),
        "runtime" => Ok(Flavor::Runtime),
        _ => Err(Error::new(value.span(), message)),
    }
}

fn workers(option: &ParseNestedMeta<'_>) -> Result<usize> {
    let message = "`workers` is a number of threads, 1 to 4096";
    let value: LitInt = value(option, message)?;
    match value.base10_parse() {
        Ok(workers @ 1..=4096) => Ok(workers),
        _ => Err(Error::new(value.span(), message)),
    }
}
