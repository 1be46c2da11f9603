//! Where a server of Spark Connect is.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

const SCHEME: &str = "sc://";
/// Where a server listens unless it is told otherwise.
const PORT: u16 = 15002;

/// The parameter of an address whose connection is encrypted, as the clients of Spark write it.
const TLS: &str = "use_ssl=true";

/// Host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
    is_tls: bool,
}

impl FromStr for Address {
    type Err = Error;

    /// Reads `sc://host:port/;use_ssl=true`, as the clients of Spark write it.
    fn from_str(text: &str) -> Result<Self> {
        let not_one = || {
            Error::usage("what `--connect` names is no address of an engine")
                .hint(format!("{SCHEME}host:port; without a port, {PORT}"))
        };
        let rest = text.strip_prefix(SCHEME).ok_or_else(not_one)?;
        let (place, parameters) = rest.split_once('/').unwrap_or((rest, ""));
        let mut is_tls = false;
        for parameter in parameters.split(';').filter(|parameter| !parameter.is_empty()) {
            // What follows a name may be a secret.
            let name = parameter.split('=').next().unwrap_or_default();
            match parameter {
                TLS => is_tls = true,
                "use_ssl=false" => is_tls = false,
                _ => {
                    return Err(Error::usage(format!("`{name}` of the engine is not understood"))
                        .hint(format!("`{TLS}` alone is; a token goes into a file")));
                }
            }
        }
        // The address of a machine may have colons itself, in brackets.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| not_one())?)
            }
            _ => (place, PORT),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(not_one());
        }
        Ok(Self { host: host.to_owned(), port, is_tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}:{}", self.host, self.port)?;
        if self.is_tls { write!(f, "/;{TLS}") } else { Ok(()) }
    }
}

impl Address {
    /// The same for HTTP/2, which is what Spark Connect is spoken over.
    pub(super) fn http(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, expected) in [
            ("sc://localhost", "http://localhost:15002"),
            ("sc://10.0.0.7:50051/", "http://10.0.0.7:50051"),
            ("sc://[::1]:7077", "http://[::1]:7077"),
            ("sc://[::1]", "http://[::1]:15002"),
            ("sc://spark.example/;use_ssl=true", "https://spark.example:15002"),
            ("sc://spark.example:443/;use_ssl=true;", "https://spark.example:443"),
            ("sc://spark.example:443/;use_ssl=false", "http://spark.example:443"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().http(), expected, "{text}");
        }
        for text in ["localhost:15002", "sc://", "sc://:1", "sc://a:b", "sc://a b", "sc://a@b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let secret = "sc://a/;use_ssl=true;token=geheim".parse::<Address>().unwrap_err();
        assert!(!secret.to_string().contains("geheim") && secret.hint.unwrap().contains("file"));
        let address: Address = "sc://a:1/;use_ssl=true".parse().unwrap();
        assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
    }
}
