//! What is written in the place of the function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Result};

use crate::function::Function;
use crate::options::{Flavor, Kind, Options};

pub(crate) fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    expand(Kind::Main, options, function).unwrap_or_else(Error::into_compile_error)
}

pub(crate) fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand(Kind::Test, options, function).unwrap_or_else(Error::into_compile_error)
}

fn expand(kind: Kind, options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let function = Function::parse(function)?;
    check_for(kind, &function)?;
    let options = Options::parse(kind, options)?;
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let output = &signature.output;
    let test_attribute = (kind == Kind::Test).then(|| quote!(#[::core::prelude::v1::test]));
    let program = program(&options);
    // The inner function is as it was written, so that `?`, `return` and errors in it are what they were.
    // Its attributes stay outside, where lints among them hold for it as well.
    Ok(quote! {
        #test_attribute
        #(#attributes)*
        #visibility fn #name() #output {
            #signature #body
            #program.run(#name())
        }
    })
}

fn check_for(kind: Kind, function: &Function) -> Result<()> {
    let name = &function.signature.ident;
    let message = match kind {
        Kind::Main if name != "main" => {
            "`#[evloop::main]` is for the function `main`; `evloop::run` runs others"
        }
        Kind::Test if function.has_attribute("test") => {
            "`#[evloop::test]` makes it a test already: remove `#[test]`"
        }
        Kind::Main | Kind::Test => return Ok(()),
    };
    Err(Error::new(name.span(), message))
}

/// The program that runs the future, as the facade's hidden `for_macros` has it.
fn program(options: &Options) -> TokenStream {
    let flavor = match options.flavor() {
        Flavor::EventLoop => quote!(event_loop),
        Flavor::Runtime => quote!(runtime),
    };
    let workers = options.workers().map(|workers| quote!(.workers(#workers)));
    let seed = options.seed().map(|seed| quote!(.seed(#seed)));
    let virtual_time = options.is_virtual().then(|| quote!(.virtual_time()));
    quote!(::evloop::for_macros::Program::#flavor() #workers #seed #virtual_time)
}

#[cfg(test)]
mod tests;
