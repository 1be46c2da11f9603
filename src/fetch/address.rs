//! A route or a link becomes an address on the one server that may see the secret.

use jiff::Timestamp;
use ureq::http::Uri;

use crate::fetch::{Error, Request, Result};

/// Reads the address of the server, and refuses one that would show the secret on the way.
pub(crate) fn base(base_url: &str) -> Result<Uri> {
    let base = private(base_url).map_err(unfit)?;
    match base.query() {
        Some(_) => Err(unfit("has a query")),
        None => Ok(base),
    }
}

/// Reads an address, and says why nothing may be sent there: others could read it on the way.
pub(crate) fn private(address: &str) -> std::result::Result<Uri, &'static str> {
    let address: Uri = address.parse().map_err(|_| "cannot be read")?;
    let origin = Origin::of(&address).ok_or("is not of the form `https://host`")?;
    if origin.scheme != "https" && !origin.is_this_host() {
        return Err("is not `https`: the secret would be readable on the way");
    }
    Ok(address)
}

fn unfit(why: &str) -> Error {
    Error::Refused(format!("the address of the API {why}"))
}

/// The address of the first page.
pub(super) fn first(base: &Uri, request: &Request, since: Option<Timestamp>) -> Result<Uri> {
    let root = base.to_string();
    let mut address = format!(
        "{}/api/v1/{}?page%5Bsize%5D={}",
        root.trim_end_matches('/'),
        request.route.name(),
        request.page_size
    );
    if let Some(since) = since {
        address.push_str("&filter%5Bmodification%5D%5Bdepuis%5D=");
        address.push_str(&since.to_string().replace(':', "%3A"));
    }
    follow(base, &address)
}

/// The address that a link on the page `from` leads to, if it is on the same server.
pub(super) fn follow(from: &Uri, link: &str) -> Result<Uri> {
    let unreadable = || Error::Unexpected("a link to the next page cannot be read".to_owned());
    let address: Uri = absolute(from, link).parse().map_err(|_| unreadable())?;
    let (here, there) = (Origin::of(from), Origin::of(&address));
    if here.is_none() || here != there {
        let host = address.host().unwrap_or_default();
        return Err(Error::Refused(format!(
            "the next page is on another server (`{host}`), where the secret is not sent"
        )));
    }
    Ok(address)
}

/// Links come in every form that a page of the web allows.
pub(crate) fn absolute(from: &Uri, link: &str) -> String {
    let link = link.trim();
    let link = link.split_once('#').map_or(link, |(link, _)| link);
    let link = &match link.split_once('?') {
        Some((path, query)) => format!("{path}?{}", encoded(query)),
        None => link.to_owned(),
    };

    let scheme = from.scheme_str().unwrap_or_default();
    let root = format!("{scheme}://{}", from.authority().map_or("", |a| a.as_str()));
    let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    if has_scheme(link) {
        link.clone()
    } else if link.starts_with("//") {
        format!("{scheme}:{link}")
    } else if link.starts_with('/') {
        format!("{root}{link}")
    } else if link.starts_with('?') {
        format!("{root}{}{link}", from.path())
    } else {
        format!("{root}{folder}/{link}")
    }
}

fn has_scheme(link: &str) -> bool {
    let rest = link.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    rest.len() < link.len() && rest.starts_with(':')
}

/// Replaces what a query may not hold, such as the brackets of `page[after]`.
fn encoded(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        if byte.is_ascii_graphic() && !b"[]\"<>\\^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Two addresses are on the same server when all three are equal.
#[derive(PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn of(address: &Uri) -> Option<Self> {
        let scheme = address.scheme_str()?.to_ascii_lowercase();
        let authority = address.authority()?;
        // `https://coop.example@elsewhere` leads elsewhere.
        if authority.as_str().contains('@') {
            return None;
        }
        let port = match (authority.port_u16(), scheme.as_str()) {
            (Some(port), "https" | "http") => port,
            (None, "https") => 443,
            (None, "http") => 80,
            _ => return None,
        };
        Some(Self { scheme, host: authority.host().to_ascii_lowercase(), port })
    }

    fn is_this_host(&self) -> bool {
        matches!(self.host.as_str(), "127.0.0.1" | "[::1]" | "localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &str, expected: &str) {
        let from = "https://coop.example/api/v1/activites?page%5Bsize%5D=500".parse().unwrap();
        let address = follow(&from, link).map_or_else(
            |error| match error {
                Error::Refused(_) => "refused".to_owned(),
                _ => "unreadable".to_owned(),
            },
            |address| address.to_string(),
        );
        assert_eq!(address, expected, "{link}");
    }

    #[test]
    fn follows_every_form_of_link_on_the_same_server() {
        let expected = "https://coop.example/api/v1/activites?page%5Bafter%5D=b";
        for link in [
            "https://coop.example/api/v1/activites?page%5Bafter%5D=b",
            "https://coop.example/api/v1/activites?page[after]=b",
            "https://coop.example/api/v1/activites?page[after]=b#rows",
            "//coop.example/api/v1/activites?page[after]=b",
            "/api/v1/activites?page[after]=b",
            "?page[after]=b",
            "activites?page[after]=b",
        ] {
            check(link, expected);
        }
        let port = "https://COOP.example:443/a?b=1";
        check(port, port);
    }

    #[test]
    fn keeps_what_is_already_encoded() {
        check(
            "?page%5Bafter%5D=a%2Bb%3D&x=é ",
            "https://coop.example/api/v1/activites\
            ?page%5Bafter%5D=a%2Bb%3D&x=%C3%A9",
        );
        check(
            "?next=https://elsewhere.example/",
            "https://coop.example/api/v1/activites\
            ?next=https://elsewhere.example/",
        );
    }

    #[test]
    fn refuses_every_way_to_another_server() {
        for link in [
            "https://elsewhere.example/api/v1/activites",
            "//elsewhere.example/api/v1/activites",
            "http://coop.example/api/v1/activites",
            "https://coop.example:8443/api/v1/activites",
            "https://coop.example@elsewhere.example/api/v1/activites",
            "https://someone@coop.example/api/v1/activites",
            "https://coop.example.elsewhere.example/",
            "ftp://coop.example/api/v1/activites",
            "javascript:alert(1)",
        ] {
            check(link, "refused");
        }
        check("https://coop.example\\@elsewhere.example/", "unreadable");
        check("https://[coop.example/", "unreadable");
    }

    #[test]
    fn keeps_the_secret_off_unencrypted_ways() {
        for fit in ["https://coop.example", "https://coop.example/", "http://127.0.0.1:80/coop"] {
            assert!(base(fit).is_ok(), "{fit}");
        }
        for unfit in [
            "http://coop.example",
            "coop.example",
            "https://a:b@coop.example",
            "",
            "https://coop.example?x=1",
            "/api",
        ] {
            assert!(matches!(base(unfit), Err(Error::Refused(_))), "{unfit}");
        }
    }
}
