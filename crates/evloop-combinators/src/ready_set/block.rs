//! One allocation for the slots of many children, shared by all of their wakers.
//!
//! ```text
//!   ┌────────────────────────── header ──────────────────────────┐┌─────── slots ───────┐
//!   │ references │ root block │ first index, count │ inbox (root) ││ 0 │ 1 │ 2 │ … │ n-1 │
//!   └─────────────────────────────────────────────────────────────┘└──────────▲──────────┘
//!                                                                 a waker's data pointer
//! ```
//!
//! A waker points at its slot. The slot knows its index in the block, so the header is found by
//! subtraction, and waking allocates and looks up nothing.
//!
//! # Invariants
//!
//! 1. A block is one allocation of `layout(len)`: an initialised `Header`, then `len`
//!    initialised slots from `SLOTS_OFFSET` on, slot `i` having index `i`. All pointers into it
//!    are derived from the one that the allocator returned, and none is narrowed by a reference.
//! 2. The block is freed when `refs` falls to zero. Each [`Block`], each owned waker and each
//!    block that names it as its root holds one reference.
//! 3. The data pointer of a waker with our vtable is the address of a slot of a live block.
//! 4. Header and slots are only reached through shared references; all that changes is atomic
//!    or guarded by the inbox.

#![expect(
    unsafe_code,
    reason = "a waker's data pointer is turned back into its slot and block"
)]

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::process::abort;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::inbox::{Inbox, contain};
use super::slot::{MAX_SLOTS, Slot};
use super::sync::{AtomicUsize, Ordering, alloc, dealloc, fence};

/// A counted reference to a block; the owner's is never given to a waker.
pub(super) struct Block {
    header: NonNull<Header>,
}

struct Header {
    /// See invariant 2.
    refs: AtomicUsize,
    /// The block whose inbox is used: this one, or the first of the set. (2)
    root: NonNull<Header>,
    /// The index, in the whole set, of this block's first slot.
    first_index: u32,
    /// The number of slots.
    len: u32,
    /// In use if this is a root.
    inbox: Inbox,
}

/// One child's slot, found.
#[derive(Clone, Copy)]
pub(super) struct Child<'a> {
    /// A slot of a block that lives for `'a`. (3)
    slot: NonNull<Slot>,
    block: PhantomData<&'a Block>,
}

/// The waker of one child, lent for one poll: it holds no reference of its own.
pub(super) struct ChildWaker<'a> {
    waker: ManuallyDrop<Waker>,
    block: PhantomData<&'a Block>,
}

const SLOTS_OFFSET: usize = size_of::<Header>().next_multiple_of(align_of::<Slot>());

/// One address for the whole program, by which our wakers are recognised.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// Whether `waker` was made by a combinator of this crate.
///
/// Waking, cloning and dropping such a waker never panics, whatever the parent's waker does.
#[doc(hidden)]
#[must_use]
pub fn is_child_waker(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &VTABLE)
}

// SAFETY: (4) what a block shares is `Sync`, and freeing it is legal on any thread: it holds a
// `Waker` (`Send`) and plain data.
unsafe impl Send for Block {}
// SAFETY: as above; `&Block` gives out shared references and lent wakers only.
unsafe impl Sync for Block {}

impl Block {
    /// A block that is the root of its own set.
    pub(super) fn root(len: u32) -> Self {
        Self::allocate(len, 0, None)
    }

    /// A further block for the set of `root`, whose first slot has index `first_index`.
    pub(super) fn extension(root: &Self, len: u32, first_index: u32) -> Self {
        root.retain();
        Self::allocate(len, first_index, Some(root.header))
    }

    /// # Panics
    ///
    /// With more slots than an index can name (about 10⁹).
    fn allocate(len: u32, first_index: u32, root: Option<NonNull<Header>>) -> Self {
        let layout = layout(len);
        // SAFETY: the layout holds a header, so it is not empty.
        let start = unsafe { alloc(layout) };
        let Some(header) = NonNull::new(start.cast::<Header>()) else {
            handle_alloc_error(layout);
        };
        let root = root.unwrap_or(header);
        let refs = AtomicUsize::new(1);
        let value = Header {
            refs,
            root,
            first_index,
            len,
            inbox: Inbox::new(),
        };
        // SAFETY: (1) fresh memory, large enough and aligned for a header.
        unsafe { header.write(value) };
        for index in 0..len {
            // SAFETY: (1) `index < len`, so the slot is inside the allocation.
            let slot = unsafe { slot_at(header, index) };
            // SAFETY: (1) fresh memory, aligned for a slot.
            unsafe { slot.write(Slot::new(index)) };
        }
        Self { header }
    }

    /// The number of slots.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.header().len
    }

    /// The index of the first slot in the whole set.
    #[inline]
    pub(super) fn first_index(&self) -> u32 {
        self.header().first_index
    }

    /// The inbox of this block, which is a root.
    #[inline]
    pub(super) fn inbox(&self) -> &Inbox {
        &self.header().inbox
    }

    /// The child with this index in the block, if there is one.
    #[inline]
    pub(super) fn child(&self, index_in_block: u32) -> Option<Child<'_>> {
        if index_in_block >= self.len() {
            return None;
        }
        // SAFETY: (1) checked above.
        let slot = unsafe { slot_at(self.header, index_in_block) };
        Some(Child {
            slot,
            block: PhantomData,
        })
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: (1, 2, 4) the reference in `self` keeps the block alive.
        unsafe { self.header.as_ref() }
    }

    fn retain(&self) {
        // SAFETY: (2) the reference in `self` keeps the block alive.
        unsafe { retain(self.header) };
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: (2) this is the reference that `self` holds.
        unsafe { release(self.header) };
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Child<'a> {
    /// Its waker, without a reference of its own.
    #[inline]
    pub(super) fn lend_waker(self) -> ChildWaker<'a> {
        // SAFETY: (3) the slot's block lives for `'a`; `ManuallyDrop` keeps the waker from giving
        // back a reference that it does not hold (2). The vtable's functions are thread-safe,
        // since all they touch is (4).
        let waker = unsafe { Waker::new(self.slot.as_ptr().cast(), &VTABLE) };
        ChildWaker {
            waker: ManuallyDrop::new(waker),
            block: PhantomData,
        }
    }
}

impl Deref for Child<'_> {
    type Target = Slot;

    #[inline]
    fn deref(&self) -> &Slot {
        // SAFETY: (1, 4) the slot is initialised and its block lives for `'a`.
        unsafe { self.slot.as_ref() }
    }
}

impl Deref for ChildWaker<'_> {
    type Target = Waker;

    #[inline]
    fn deref(&self) -> &Waker {
        &self.waker
    }
}

fn layout(len: u32) -> Layout {
    assert!(
        len <= MAX_SLOTS,
        "at most {MAX_SLOTS} children fit in one set"
    );
    let size = (len as usize).checked_mul(size_of::<Slot>());
    size.and_then(|size| size.checked_add(SLOTS_OFFSET))
        .and_then(|size| Layout::from_size_align(size, align_of::<Header>()).ok())
        .expect("2^30 slots of 8 bytes fit in the address space, or the children would not")
}

const _: () = assert!(
    align_of::<Header>() >= align_of::<Slot>(),
    "the block is aligned for both"
);

/// # Safety
///
/// - `header` points at a block, initialised or not, with more than `index` slots.
#[inline]
unsafe fn slot_at(header: NonNull<Header>, index: u32) -> NonNull<Slot> {
    // SAFETY: (1) the slots begin at this offset of the same allocation.
    let slots = unsafe { header.byte_add(SLOTS_OFFSET) }.cast::<Slot>();
    // SAFETY: (1) the caller promises that the slot is inside the allocation.
    unsafe { slots.add(index as usize) }
}

/// # Safety
///
/// - `slot` points at a slot of a live block.
#[inline]
unsafe fn header_of(slot: NonNull<Slot>) -> NonNull<Header> {
    // SAFETY: (1, 4) promised by the caller.
    let index = unsafe { slot.as_ref() }.index_in_block();
    // SAFETY: (1) slot `index` lies that many slots behind the first.
    let first = unsafe { slot.sub(index as usize) };
    // SAFETY: (1) the slots begin at this offset.
    unsafe { first.byte_sub(SLOTS_OFFSET) }.cast()
}

/// # Safety
///
/// - The caller holds or borrows a reference to the block.
#[inline]
unsafe fn retain(header: NonNull<Header>) {
    // Relaxed: a new reference is made from one that exists, which orders everything needed.
    // SAFETY: (2) the caller's reference keeps the header alive.
    let before = unsafe { header.as_ref() }
        .refs
        .fetch_add(1, Ordering::Relaxed);
    if before > isize::MAX as usize {
        // Only leaked wakers can come here; wrapping would free the block under the others.
        abort();
    }
}

/// # Safety
///
/// - The caller gives up a reference that it holds.
#[inline]
unsafe fn release(header: NonNull<Header>) {
    // Release pairs with the Acquire fence below: whoever frees sees the others' last uses.
    // SAFETY: (2) the reference is still held here.
    if unsafe { header.as_ref() }
        .refs
        .fetch_sub(1, Ordering::Release)
        == 1
    {
        fence(Ordering::Acquire);
        // SAFETY: (2) it was the last one.
        unsafe { free(header) };
    }
}

/// # Safety
///
/// - No reference to the block is left.
#[cold]
unsafe fn free(header: NonNull<Header>) {
    // SAFETY: (2) nobody else has the block any more.
    let Header { root, len, .. } = *unsafe { header.as_ref() };
    for index in 0..len {
        // SAFETY: (1) `index < len`.
        let slot = unsafe { slot_at(header, index) };
        // SAFETY: (1) initialised, and dropped once. It does something under loom only.
        unsafe { slot.drop_in_place() };
    }
    // SAFETY: (2) nobody else has the block any more.
    let inbox = unsafe { &header.as_ref().inbox };
    // SAFETY: (2) neither an owner nor a pusher is left.
    let leftovers = unsafe { inbox.take_leftovers() };
    // Their drop is foreign, and we may be inside the drop of a child's waker.
    contain(|| drop(leftovers));
    // SAFETY: (1) initialised, and dropped once.
    unsafe { header.drop_in_place() };
    // SAFETY: (1) allocated with this layout.
    unsafe { dealloc(header.as_ptr().cast(), layout(len)) };
    if root != header {
        // SAFETY: (2) an extension holds a reference to its root. Roots have no other root, so
        // this goes one level deep.
        unsafe { release(root) };
    }
}

/// Queues a slot and wakes the parent if it is parked. Never unwinds.
///
/// # Safety
///
/// - `slot` points at a slot of a live block, which the caller keeps alive: the waker that is
///   being woken is held or borrowed by it.
#[inline]
unsafe fn wake_slot(slot: NonNull<Slot>) {
    // SAFETY: (3, 4) promised by the caller.
    let slot_ref = unsafe { slot.as_ref() };
    if !slot_ref.request() {
        return;
    }
    // SAFETY: (3) promised by the caller.
    let header = unsafe { header_of(slot) };
    // SAFETY: (2) the block is alive, so is its root.
    let header = unsafe { header.as_ref() };
    let index = header.first_index + slot_ref.index_in_block();
    // SAFETY: (2) as above.
    let root = unsafe { header.root.as_ref() };
    root.inbox.push(slot_ref, index);
}

fn slot_of(data: *const ()) -> NonNull<Slot> {
    NonNull::new(data.cast_mut().cast()).expect("a child waker points at its slot")
}

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: (3) `data` is a slot of a live block.
    let header = unsafe { header_of(slot_of(data)) };
    // SAFETY: (2) the waker that is being cloned holds or borrows a reference.
    unsafe { retain(header) };
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: (2, 3) the reference of the waker is given up below.
    unsafe { wake_slot(slot_of(data)) };
    // SAFETY: (2, 3) the waker was owned, and it is consumed.
    unsafe { drop_waker(data) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: (2, 3) the waker is borrowed for the duration of the call.
    unsafe { wake_slot(slot_of(data)) };
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: (3) `data` is a slot of a live block.
    let header = unsafe { header_of(slot_of(data)) };
    // SAFETY: (2) the waker that is being dropped held this reference.
    unsafe { release(header) };
}
