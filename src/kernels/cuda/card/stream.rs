//! CubeCL's own CUDA streams. CubeCL keeps them to itself, but its server describes itself with their addresses.

use std::fmt::{self, Debug, Write};

/// What stands before the list of streams in the server's description, and what begins a stream in it.
const LIST: &str = "streams: MultiStream { streams: StreamPool { streams: [";
const STREAM: &str = "Some(StreamWrapper { stream: Stream { sys: 0x";

/// The address of the stream at `index` of a server's list; `None` where the description has none there.
///
/// The description belongs to cubecl 0.10.0, which this crate asks for by its exact version.
pub(super) fn stream_address(server: &impl Debug, index: usize) -> Option<usize> {
    let mut reader = StreamReader { wanted: index, state: ReaderState::BeforeList(0), found: None };
    // The reader stops the description with an error as soon as it has what it wants.
    let _ = write!(reader, "{server:?}");
    reader.found
}

/// Reads a description as it is written, and keeps none of it: it also has all compiled kernels.
struct StreamReader {
    wanted: usize,
    state: ReaderState,
    found: Option<usize>,
}

enum ReaderState {
    /// So many characters of [`LIST`] have just been read.
    BeforeList(usize),
    /// Inside the list.
    InList(Element),
}

/// One element of the list.
#[derive(Default)]
struct Element {
    index: usize,
    depth: usize,
    in_text: bool,
    start: String,
}

impl Write for StreamReader {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| self.read(character))
    }
}

impl StreamReader {
    fn read(&mut self, character: char) -> fmt::Result {
        match &mut self.state {
            ReaderState::BeforeList(matched) => {
                *matched = matched_after(*matched, character);
                if *matched == LIST.len() {
                    self.state = ReaderState::InList(Element::default());
                }
                Ok(())
            }
            ReaderState::InList(element) => {
                if element.index == self.wanted && !character.is_ascii_hexdigit() {
                    self.found = element.address();
                }
                match element.read(character) && self.found.is_none() && element.index <= self.wanted {
                    true => Ok(()),
                    false => Err(fmt::Error),
                }
            }
        }
    }
}

impl Element {
    /// Whether the list goes on.
    fn read(&mut self, character: char) -> bool {
        match character {
            '"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            '(' | '[' | '{' => self.depth += 1,
            ']' if self.depth == 0 => return false,
            ')' | ']' | '}' => self.depth -= 1,
            ',' if self.depth == 0 => {
                *self = Self { index: self.index + 1, ..Self::default() };
                return true;
            }
            _ => {}
        }
        // Sixteen digits of an address, and the character behind them.
        if self.start.len() < STREAM.len() + 17 && !(self.start.is_empty() && character == ' ') {
            self.start.push(character);
        }
        true
    }

    /// The address that the element begins with.
    fn address(&self) -> Option<usize> {
        let address = usize::from_str_radix(self.start.strip_prefix(STREAM)?, 16).ok()?;
        (address != 0).then_some(address)
    }
}

/// How much of [`LIST`] has been read once `character` follows `matched` characters of it.
fn matched_after(matched: usize, character: char) -> usize {
    let list = LIST.as_bytes();
    let mut matched = matched;
    loop {
        if character == char::from(list[matched]) {
            return matched + 1;
        }
        if matched == 0 {
            return 0;
        }
        // The longest beginning of the list's text that also ends what has been read.
        matched = (0..matched).rev().find(|&length| LIST[..matched].ends_with(&LIST[..length])).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cubecl::{server::ServerError, stream_id::StreamId};
    use cubecl_runtime::{
        logging::ServerLogger,
        server::Binding,
        stream::{EventStreamBackend, MultiStream},
    };

    use super::*;

    /// The parts of CubeCL's CUDA server that stand up to the list of streams, with the real list.
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by the description")]
    struct CudaServer {
        ctx: &'static str,
        streams: MultiStream<Streams>,
    }

    #[derive(Debug)]
    struct Streams;

    #[derive(Debug)]
    #[expect(dead_code, reason = "read by the description")]
    struct Stream {
        sys: *mut u8,
        memory: Vec<Option<(usize, &'static str)>>,
    }

    impl EventStreamBackend for Streams {
        type Stream = Stream;
        type Event = ();

        fn create_stream(&self) -> Stream {
            use std::sync::atomic::{AtomicUsize, Ordering};
            static NEXT: AtomicUsize = AtomicUsize::new(0x7f00_0000_1000);
            let address = NEXT.fetch_add(0x10, Ordering::Relaxed);
            Stream { sys: address as *mut u8, memory: vec![None, Some((1, "a ] and a ,"))] }
        }

        fn handle_cursor(_: &Stream, _: &Binding) -> u64 {
            0
        }

        fn is_healthy(_: &Stream) -> bool {
            true
        }

        fn flush(_: &mut Stream) {}

        fn wait_event(_: &mut Stream, _: ()) {}

        fn wait_event_sync(_: ()) -> Result<(), ServerError> {
            Ok(())
        }
    }

    #[test]
    fn the_streams_of_a_server_are_found_by_their_place() {
        let mut streams = MultiStream::new(Arc::new(ServerLogger::default()), Streams, 8);
        for value in [5, 2] {
            drop(streams.resolve(StreamId { value }, [].into_iter(), false).unwrap());
        }
        let server = CudaServer { ctx: "streams: MultiStream { streams: StreamPool {", streams };
        assert_eq!(stream_address(&server, 5), Some(0x7f00_0000_1000));
        assert_eq!(stream_address(&server, 2), Some(0x7f00_0000_1010));
        assert_eq!(stream_address(&server, 3), None);
        assert_eq!(stream_address(&server, 99), None);
        assert_eq!(stream_address(&"nothing of the kind", 0), None);
    }
}
