//! Tuples of different futures.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::maybe_done::MaybeDone;
use super::sealed::Sealed;
use super::{Children, GatherChildren, IntoChildren, RaceChildren, TryGatherChildren, Tuple};

/// Implements everything for the tuple of one arity. `$value` is a fresh type per element, for
/// the values of `try_gather`.
macro_rules! children_of_a_tuple {
    ($Name:ident, $len:literal: $($index:literal $field:ident $F:ident $value:ident),+) => {
        pin_project! {
            #[doc = concat!("The children made of a tuple of ", $len, ".")]
            pub struct $Name<$($F: Future),+> {
                $(#[pin] $field: MaybeDone<$F>,)+
            }
        }

        impl<$($F: IntoFuture),+> IntoChildren<Tuple> for ($($F,)+) {
            type Children = $Name<$($F::IntoFuture),+>;

            fn into_children(self) -> Self::Children {
                let ($($field,)+) = self;
                $Name { $($field: MaybeDone::new($field.into_future()),)+ }
            }
        }

        impl<$($F: Future),+> Sealed for $Name<$($F),+> {}

        impl<$($F: Future),+> Children for $Name<$($F),+> {
            #[inline]
            fn count(&self) -> usize {
                $len
            }

            #[inline]
            fn poll_child(
                self: Pin<&mut Self>,
                index: usize,
                cx: &mut Context<'_>,
            ) -> Poll<()> {
                let this = self.project();
                match index {
                    $($index => this.$field.poll(cx),)+
                    _ => unreachable!("the index belongs to this tuple"),
                }
            }

            #[inline]
            fn poll_all(
                self: Pin<&mut Self>,
                waker: &Waker,
                is_over: impl Fn() -> bool,
            ) -> ControlFlow<usize, usize> {
                let mut this = self.project();
                let mut n_pending = 0;
                $(
                    if this.$field.is_pending() {
                        // A context of its own, since a future may exchange the waker in it.
                        let mut cx = Context::from_waker(waker);
                        n_pending += usize::from(this.$field.as_mut().poll(&mut cx).is_pending());
                        if is_over() {
                            return ControlFlow::Break($index);
                        }
                    }
                )+
                ControlFlow::Continue(n_pending)
            }

            fn is_pending(&self, index: usize) -> bool {
                match index {
                    $($index => self.$field.is_pending(),)+
                    _ => unreachable!("the index belongs to this tuple"),
                }
            }

            fn clear_child(self: Pin<&mut Self>, index: usize) {
                let this = self.project();
                match index {
                    $($index => this.$field.clear(),)+
                    _ => unreachable!("the index belongs to this tuple"),
                }
            }

            fn clear(self: Pin<&mut Self>) {
                let this = self.project();
                $(this.$field.clear();)+
            }
        }

        impl<$($F: Future),+> GatherChildren for $Name<$($F),+> {
            type Outputs = ($($F::Output,)+);

            fn take_outputs(self: Pin<&mut Self>) -> Self::Outputs {
                let this = self.project();
                ($(this.$field.take_output(),)+)
            }
        }

        impl<$($F, $value,)+ E> TryGatherChildren for $Name<$($F),+>
        where
            $($F: Future<Output = Result<$value, E>>,)+
        {
            type Values = ($($value,)+);
            type Error = E;

            fn take_error(self: Pin<&mut Self>, index: usize) -> Option<E> {
                let mut this = self.project();
                match index {
                    $($index => {
                        if !matches!(this.$field.as_mut().output(), Some(Err(_))) {
                            return None;
                        }
                        this.$field.take_output().err()
                    })+
                    _ => unreachable!("the index belongs to this tuple"),
                }
            }

            fn take_values(self: Pin<&mut Self>) -> Self::Values {
                let this = self.project();
                ($(value_of(this.$field.take_output()),)+)
            }
        }

        impl<T, $($F: Future<Output = T>),+> RaceChildren for $Name<$($F),+> {
            type Outcome = T;

            fn take_winner(self: Pin<&mut Self>, index: usize) -> T {
                let this = self.project();
                match index {
                    $($index => this.$field.take_output(),)+
                    _ => unreachable!("the index belongs to this tuple"),
                }
            }

            fn without_children(&self) -> Option<T> {
                None
            }
        }

        impl<$($F: Future),+> fmt::Debug for $Name<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Name)).finish_non_exhaustive()
            }
        }
    };
}

fn value_of<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("the first error ends the gathering"),
    }
}

children_of_a_tuple!(Children1, 1: 0 a A VA);
children_of_a_tuple!(Children2, 2: 0 a A VA, 1 b B VB);
children_of_a_tuple!(Children3, 3: 0 a A VA, 1 b B VB, 2 c C VC);
children_of_a_tuple!(Children4, 4: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD);
children_of_a_tuple!(Children5, 5: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF);
children_of_a_tuple!(Children6, 6: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG);
children_of_a_tuple!(Children7, 7: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH);
children_of_a_tuple!(Children8, 8: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH, 7 i I VI);
children_of_a_tuple!(Children9, 9: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH, 7 i I VI, 8 j J VJ);
children_of_a_tuple!(Children10, 10: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH, 7 i I VI, 8 j J VJ, 9 k K VK);
children_of_a_tuple!(Children11, 11: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH, 7 i I VI, 8 j J VJ, 9 k K VK, 10 l L VL);
children_of_a_tuple!(Children12, 12: 0 a A VA, 1 b B VB, 2 c C VC, 3 d D VD, 4 f F VF, 5 g G VG, 6 h H VH, 7 i I VI, 8 j J VJ, 9 k K VK, 10 l L VL, 11 m M VM);
