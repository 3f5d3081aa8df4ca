//! The host's side of the operations without a card: device memory is the host's, kernels run on the emulator, and
//! products are loops. Values and gradients are compared with the generic form on flex.

mod agreement;
mod decoding;
mod emulator;
mod memory;
mod order;
mod products;
