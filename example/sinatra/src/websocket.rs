//! As much of WebSocket (RFC 6455) as an echo needs.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What both ends add to the key. (RFC 6455, 1.3.)
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// How long a message may be, in bytes.
const MAX_PAYLOAD: u64 = 64 * 1024;

/// Opcodes. (RFC 6455, 5.2; those up to 2 carry what the two ends have to say.)
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The value of `Sec-WebSocket-Accept` for a key.
pub(crate) fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// Sends back what comes until the other end closes. Fails where the connection breaks off or speaks something else.
pub(crate) fn echo(reader: &mut impl Read, writer: &mut impl Write) -> io::Result<()> {
    loop {
        let (first, payload) = read_frame(reader)?;
        match first & 0x0f {
            0..=BINARY => write_frame(writer, first, &payload)?,
            CLOSE => return write_frame(writer, first, &payload),
            PING => write_frame(writer, first & 0xf0 | PONG, &payload)?,
            PONG => {}
            _ => return Err(invalid("an unknown opcode")),
        }
    }
}

/// The first byte of a frame, which tells its kind, and its payload without the mask.
fn read_frame(reader: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let [first, second] = read(reader)?;
    let length = match second & 0x7f {
        126 => u16::from_be_bytes(read(reader)?).into(),
        127 => u64::from_be_bytes(read(reader)?),
        short => short.into(),
    };
    if second & 0x80 == 0 || length > MAX_PAYLOAD {
        return Err(invalid("a frame without a mask or too long"));
    }
    let mask: [u8; 4] = read(reader)?;
    let mut payload = Vec::new();
    if reader.take(length).read_to_end(&mut payload)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((first, payload))
}

fn write_frame(writer: &mut impl Write, first: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    writer.write_all(&frame)?;
    writer.flush()
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn messages_come_back_until_the_close() {
        let masked = |first: u8, payload: &[u8]| {
            let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 1, 2, 3, 4];
            frame.extend(payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask));
            frame
        };
        // "Hello" masked is the example of RFC 6455, 5.7.
        let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec();
        let ping = masked(0x89, b"there?");
        let frames = [hello, ping, masked(0x8a, b""), masked(0x88, b"\x03\xe8"), masked(0x81, b"too late")].concat();
        let mut answer = Vec::new();
        echo(&mut io::Cursor::new(frames), &mut answer).unwrap();
        assert_eq!(answer, b"\x81\x05Hello\x8a\x06there?\x88\x02\x03\xe8");
    }

    #[test]
    fn long_messages_have_long_lengths() {
        for (length, head) in [(125_u32, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let payload = vec![b'x'; length as usize];
            let mut frame = Vec::new();
            write_frame(&mut frame, 0x82, &payload).unwrap();
            assert_eq!(frame.len(), payload.len() + head);
            // The same with a mask of zeros is what a client may send.
            frame[1] |= 0x80;
            frame.splice(head..head, [0; 4]);
            let read = read_frame(&mut io::Cursor::new(frame)).unwrap();
            assert_eq!(read, (0x82, payload));
        }
    }

    #[test]
    fn what_no_client_may_send_is_an_error() {
        let cases: [(&str, &[u8]); 4] = [
            ("no mask", b"\x81\x01a"),
            ("broken off", b"\x81\x85\x37\xfa\x21\x3d\x7f"),
            ("too long", b"\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00"),
            ("unknown", b"\x83\x80\x00\x00\x00\x00"),
        ];
        for (what, bytes) in cases {
            assert!(echo(&mut io::Cursor::new(bytes), &mut Vec::new()).is_err(), "{what}");
        }
    }
}
