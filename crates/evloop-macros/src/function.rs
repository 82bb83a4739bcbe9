//! The function below an attribute.

use proc_macro2::{Delimiter, Group, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Result, Signature, Visibility};

/// An `async fn` without arguments. Its body is left as it is: the compiler says what is wrong in it.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let begin = input.span();
        let is_function = |_| Error::new(begin, "this attribute is for an `async fn`");
        let signature = input.parse().map_err(is_function)?;
        let body: Group = input.parse().map_err(is_function)?;
        if body.delimiter() != Delimiter::Brace {
            return Err(Error::new(
                body.span(),
                "the body of the function is missing",
            ));
        }
        Ok(Self {
            attributes,
            visibility,
            signature,
            body,
        })
    }
}

impl Function {
    /// The function that `tokens` are, if it can be run.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let this: Self = syn::parse2(tokens)?;
        let signature = &this.signature;
        let refuse = |tokens: &dyn quote::ToTokens, message| {
            Err(Error::new_spanned(tokens.to_token_stream(), message))
        };
        if signature.asyncness.is_none() {
            return refuse(&signature.fn_token, "the function has to be `async`");
        }
        if !signature.inputs.is_empty() {
            let message = "the function cannot have arguments: nobody would give them";
            return refuse(&signature.inputs, message);
        }
        let generics = &signature.generics;
        if !generics.params.is_empty() || generics.where_clause.is_some() {
            return refuse(generics, "the function cannot be generic");
        }
        if let Some(abi) = &signature.abi {
            return refuse(abi, "the function cannot be `extern`");
        }
        if let Some(constness) = &signature.constness {
            return refuse(constness, "the function cannot be `const`");
        }
        Ok(this)
    }

    /// True when an attribute is called so.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.path().is_ident(name))
    }
}
