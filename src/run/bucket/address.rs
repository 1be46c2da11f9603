//! The address of a warehouse in a bucket: `s3://NAME/PREFIX`.

use std::str::FromStr;

/// Name of a bucket, and what the names of all objects of a warehouse begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The bucket.
    pub name: String,
    /// Without a slash at its end.
    pub prefix: String,
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("s3://").ok_or("it begins with `s3://`")?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if name.is_empty() || !name.chars().all(is_of_name) {
            return Err("a bucket is named by small letters, digits, `.` and `-`");
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_of_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_part =
            |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(is_of_part);
        if !prefix.split('/').all(is_part) {
            return Err("the bucket is followed by folders: letters, digits, `.`, `_` and `-`");
        }
        Ok(Self { name: name.to_owned(), prefix: prefix.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_a_folder() {
        let address: Address = "s3://office/conum/warehouse/".parse().unwrap();
        assert_eq!((address.name.as_str(), address.prefix.as_str()), ("office", "conum/warehouse"));
        for unfit in [
            "office/w",
            "s3://",
            "s3:///w",
            "s3://office",
            "s3://Office/w",
            "s3://office/a//b",
            "s3://office/../w",
            "s3://office/a b",
            "s3://office/'",
        ] {
            assert!(unfit.parse::<Address>().is_err(), "{unfit}");
        }
    }
}
