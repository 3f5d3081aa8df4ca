//! In which stream the library works, so that it takes its turn among CubeCL's kernels.

use std::{fmt::Debug, ptr};

use cudarc::driver::{
    DriverError,
    result::{ctx, event, stream},
    sys::{CUcontext, CUevent, CUevent_flags, CUstream, cuCtxRecordEvent, cuCtxWaitEvent},
};

use super::stream::stream_address;

/// How work comes into the order of CubeCL's stream.
#[derive(Debug)]
pub(super) enum StreamOrder {
    /// It is enqueued there.
    Shared(CUstream),
    /// It has a stream of its own, which waits for everything of the context, and for which everything waits.
    Apart { context: CUcontext, stream: CUstream, before: CUevent, after: CUevent },
}

impl StreamOrder {
    /// The order of the server's stream at `index`, which exists; of the context that is current.
    pub fn new(server: &impl Debug, index: usize) -> Result<Self, String> {
        match stream_address(server, index) {
            Some(address) => Ok(Self::Shared(ptr::with_exposed_provenance_mut(address))),
            None => Self::apart().map_err(|error| format!("no stream for matrix products: {error}")),
        }
    }

    fn apart() -> Result<Self, DriverError> {
        let context = ctx::get_current()?.expect("the server has made its context current");
        let event = || event::create(CUevent_flags::CU_EVENT_DISABLE_TIMING);
        let stream = stream::create(stream::StreamKind::NonBlocking)?;
        Ok(Self::Apart { context, stream, before: event()?, after: event()? })
    }

    /// Calls `work` with the stream that it enqueues into.
    pub fn enqueue(&self, work: impl FnOnce(CUstream) -> Result<(), String>) -> Result<(), String> {
        match *self {
            Self::Shared(stream) => work(stream),
            Self::Apart { context, stream, before, after } => {
                let failed = |error: DriverError| format!("the order of streams: {error}");
                // SAFETY: context, stream and events are alive for as long as the process.
                unsafe {
                    cuCtxRecordEvent(context, before).result().map_err(failed)?;
                    stream::wait_event(
                        stream,
                        before,
                        cudarc::driver::sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT,
                    )
                    .map_err(failed)?;
                    work(stream)?;
                    event::record(after, stream).map_err(failed)?;
                    cuCtxWaitEvent(context, after).result().map_err(failed)
                }
            }
        }
    }
}
