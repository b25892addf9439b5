//! What was read from a connection, and where the messages in it end.

/// The longest request, in bytes. A real one has a few hundred.
const MAX_REQUEST: usize = 1 << 20;
/// How much is read at once.
const READ: usize = 4 << 10;

/// Bytes that were read and not answered yet.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    /// Where the first message begins that was not taken.
    start: usize,
    /// How far it is known to have no end.
    searched: usize,
}

impl Input {
    /// Takes the next complete message, without its NUL.
    pub fn next_message(&mut self) -> Option<&[u8]> {
        let end = self.end_of_message()?;
        let message = self.bytes.get(self.start..end);
        self.start = end + 1;
        self.searched = self.start;
        message
    }

    /// The next complete message, without taking it.
    pub fn peek_message(&mut self) -> Option<&[u8]> {
        let end = self.end_of_message()?;
        self.bytes.get(self.start..end)
    }

    fn end_of_message(&mut self) -> Option<usize> {
        let from = self.searched.max(self.start);
        match self.bytes.get(from..)?.iter().position(|byte| *byte == 0) {
            Some(length) => {
                self.searched = from + length;
                Some(from + length)
            }
            None => {
                self.searched = self.bytes.len();
                None
            }
        }
    }

    /// Bytes of messages that are not complete.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether everything that was read has been taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the message that is being read is longer than any may be.
    pub fn is_too_long(&self) -> bool {
        self.len() > MAX_REQUEST
    }

    /// Room to read into, behind what is not taken yet.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(READ);
        }
        self.bytes.reserve(READ);
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_they_came_in() {
        let text = b"{\"a\":1}\0{\"b\":2}\0\0{\"c";
        for piece in 1..text.len() {
            let mut input = Input::default();
            let mut messages = Vec::new();
            for bytes in text.chunks(piece) {
                input.room().extend_from_slice(bytes);
                while let Some(peeked) = input.peek_message().map(<[u8]>::to_vec) {
                    assert_eq!(input.next_message(), Some(&peeked[..]));
                    messages.push(peeked);
                }
            }
            assert_eq!(messages, [&b"{\"a\":1}"[..], b"{\"b\":2}", b""]);
            assert_eq!(input.len(), 3);
            assert!(!input.is_empty());
        }
    }

    #[test]
    fn a_message_without_end_is_too_long_at_last() {
        let mut input = Input::default();
        input.room().extend(std::iter::repeat_n(b'x', MAX_REQUEST));
        assert!(input.next_message().is_none() && !input.is_too_long());
        input.room().push(b'x');
        assert!(input.is_too_long());
    }
}
