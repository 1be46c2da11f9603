//! Bytes of a connection become a request, its form included.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::net::TcpStream;

/// A request as the portal received it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// The fields of a form, and its file: name and content.
pub type Form = (BTreeMap<String, String>, Option<(String, Vec<u8>)>);

impl Request {
    pub fn read(stream: &mut TcpStream) -> std::io::Result<Option<Self>> {
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.extend(byte);
        }
        let text = String::from_utf8(head).unwrap();
        let mut words = text.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let headers = text.lines().filter_map(|line| line.split_once(": "));
        let headers: BTreeMap<String, String> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Some(Self { method, path, headers, body }))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn form(&self) -> Form {
        let boundary = self.header("content-type").split_once("boundary=").unwrap().1;
        let mark = format!("--{boundary}");
        let (mut fields, mut file) = (BTreeMap::new(), None);
        for part in split(&self.body, mark.as_bytes()) {
            let Some(end) = find(part, b"\r\n\r\n") else { continue };
            let head = String::from_utf8(part[..end].to_vec()).unwrap();
            let content = part[end + 4..].strip_suffix(b"\r\n").unwrap().to_vec();
            let value = |name: &str| {
                let rest = head.split_once(&format!(" {name}=\""))?.1;
                rest.split_once('"').map(|(value, _)| value.to_owned())
            };
            match value("filename") {
                Some(name) => file = Some((name, content)),
                None => {
                    let text = String::from_utf8(content).unwrap();
                    fields.insert(value("name").unwrap(), text);
                }
            }
        }
        (fields, file)
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

fn split<'a>(mut bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(end) = find(bytes, mark) {
        parts.push(&bytes[..end]);
        bytes = &bytes[end + mark.len()..];
    }
    parts.push(bytes);
    parts
}
