//! Tables of what may cross threads and what may be moved.

use std::marker::PhantomData;

/// Tells whether a type has an auto trait: method lookup tries the implementation for the probe
/// itself, which is there if the type has the trait, before the one for a reference to it.
#[derive(Debug)]
pub struct Probe<T>(pub PhantomData<T>);

macro_rules! probe {
    ($method:ident, $Trait:ident, $Has:ident, $Lacks:ident) => {
        /// For types that have it.
        pub trait $Has {
            /// They have it.
            fn $method(&self) -> bool {
                true
            }
        }

        /// For types that lack it.
        pub trait $Lacks {
            /// They lack it.
            fn $method(&self) -> bool {
                false
            }
        }

        impl<T: $Trait> $Has for Probe<T> {}
        impl<T> $Lacks for &Probe<T> {}
    };
}

probe!(is_send, Send, HasSend, LacksSend);
probe!(is_sync, Sync, HasSync, LacksSync);
probe!(is_unpin, Unpin, HasUnpin, LacksUnpin);

/// Asserts of each type whether it is `Send`, `Sync` and `Unpin`, in this order.
///
/// # Examples
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// evloop_fixtures::auto_traits! {
///     // type:  Send  Sync  Unpin
///     u8:       true  true  true;
///     Cell<u8>: true  false true;
///     Rc<u8>:   false false true;
/// }
/// ```
#[macro_export]
macro_rules! auto_traits {
    ($($type:ty: $send:literal $sync:literal $unpin:literal;)+) => {{
        #[allow(unused_imports, reason = "of each pair only one may be needed")]
        use $crate::auto_traits::{
            HasSend as _, HasSync as _, HasUnpin as _, LacksSend as _, LacksSync as _,
            LacksUnpin as _,
        };
        $({
            let probe = &$crate::auto_traits::Probe::<$type>(std::marker::PhantomData);
            assert_eq!(
                [probe.is_send(), probe.is_sync(), probe.is_unpin()],
                [$send, $sync, $unpin],
                "Send, Sync, Unpin of {}",
                stringify!($type),
            );
        })+
    }};
}
