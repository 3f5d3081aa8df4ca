//! Who runs the process at the other end of a connection within this machine. The system's own table of connections
//! tells: it cannot be lied to by that process.

use std::net::{IpAddr, SocketAddr};

/// What is wrong with a connection that nothing but its place vouches for: both of its ends must be processes of one
/// user on one machine.
pub(super) fn objection(peer: SocketAddr, own: SocketAddr) -> Option<String> {
    if peer.ip().to_canonical() != own.ip().to_canonical() {
        return Some("is on another machine: set SPARK_SECRET for all ranks".to_owned());
    }
    another_user(peer, own).map(|whose| format!("{whose}: set SPARK_SECRET for all ranks"))
}

/// Whose the process is, unless it is this process's user's.
#[cfg(target_os = "linux")]
fn another_user(peer: SocketAddr, own: SocketAddr) -> Option<String> {
    let read = |table| std::fs::read_to_string(table).unwrap_or_default();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(read);
    match tables.iter().find_map(|table| user(table, peer, own)) {
        Some(user) if user == rustix::process::geteuid().as_raw() => None,
        Some(user) => Some(format!("belongs to another user (number {user})")),
        None => Some("belongs to nobody that the system names".to_owned()),
    }
}

/// Other systems have no such table, or one that only root reads.
#[cfg(not(target_os = "linux"))]
fn another_user(_: SocketAddr, _: SocketAddr) -> Option<String> {
    None
}

/// The number of the user whose process has the connection from `from` to `to`, by a table of Linux.
#[cfg(any(target_os = "linux", test))]
fn user(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ends = (address(fields.get(1)?)?, address(fields.get(2)?)?);
        let asked = [from, to].map(|end| (end.ip().to_canonical(), end.port()));
        if ends == (asked[0], asked[1]) { fields.get(7)?.parse().ok() } else { None }
    })
}

/// An address as in the table: its bytes as hexadecimal words of four in the machine's order, and its port.
#[cfg(any(target_os = "linux", test))]
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for word in ip.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// As Linux on a little-endian machine prints them: 127.0.0.1:8080 of user 1000, ::ffff:10.0.0.3 of root.
    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:733C 01 00000000:00000000 00:00000000 00000000  1000        0 32170 1 0 20 4 30 10 -1
   1: 0000000000000000FFFF00000300000A:1267 0000000000000000FFFF00000100000A:733C 01 0:0 00:0 0     0        0 1 1
   2: nonsense";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_table_of_connections_names_the_user() {
        let user = |from: &str, to: &str| user(TABLE, from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(user("127.0.0.1:8080", "127.0.0.1:29500"), Some(1000));
        assert_eq!(user("[::ffff:127.0.0.1]:8080", "127.0.0.1:29500"), Some(1000));
        assert_eq!(user("10.0.0.3:4711", "10.0.0.1:29500"), Some(0));
        assert_eq!(user("127.0.0.1:29500", "127.0.0.1:8080"), None, "that is the other end");
    }

    #[test]
    fn own_connections_within_the_machine_are_found() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let guest = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (host, from) = listener.accept().unwrap();
            assert_eq!(objection(from, host.local_addr().unwrap()), None);
            drop(guest);
        }
        let far = objection("10.0.0.3:4711".parse().unwrap(), "10.0.0.1:29500".parse().unwrap());
        assert!(far.unwrap().contains("another machine"));
    }
}
