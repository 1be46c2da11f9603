//! What is said of the bucket that the warehouse is kept in.

use std::path::{Path, PathBuf};

use crate::cli::pipeline_args::{credentials, now, token};
use crate::definition::publication::Bucket as Place;
use crate::error::{Error, Result};
use crate::fetch::Token;
use crate::run::bucket::Bucket;
use crate::run::bucket::address::Address;
use crate::run::store::Store;

/// Name of the key of the bucket in the folder of a manager of services.
const KEY: &str = "conum-warehouse-s3";
const HOW_TO_KEEP: &str = "give a file of one line, `identifier:secret`, with `--bucket-key-file`";

/// The bucket that keeps the warehouse.
#[derive(Debug, clap::Args)]
pub(super) struct Kept {
    /// Keep the warehouse in a bucket, S3 or the like: the folder of `--warehouse` is then a copy
    /// of it, made and sent anew by each run.
    #[arg(long, value_name = "s3://NAME/PREFIX", requires = "bucket_url")]
    bucket: Option<Address>,
    /// Where the bucket answers.
    #[arg(long, value_name = "URL", requires = "bucket")]
    bucket_url: Option<String>,
    /// Its region.
    #[arg(long, value_name = "NAME", requires = "bucket", default_value = "us-east-1")]
    bucket_region: String,
    /// Secret file of its key, `identifier:secret` [default: `conum-warehouse-s3` in the folder
    /// `CREDENTIALS_DIRECTORY`].
    #[arg(long, value_name = "FILE", requires = "bucket")]
    bucket_key_file: Option<PathBuf>,
}

/// A warehouse to change: one that is there, or in a bucket; none is made of a name that is wrong.
pub(super) fn writable(warehouse: &Path, bucket: Option<&Bucket>) -> Result<Store> {
    if bucket.is_none() {
        Store::existing(warehouse)?;
    }
    Store::remembering(warehouse, now, false)
}

impl Kept {
    /// The bucket, if there is one.
    pub(super) fn bucket(&self) -> Result<Option<Bucket>> {
        let Some((address, url)) = self.bucket.as_ref().zip(self.bucket_url.as_ref()) else {
            return Ok(None);
        };
        let place = Place {
            url: url.trim_end_matches('/').to_owned(),
            name: address.name.clone(),
            region: self.bucket_region.clone(),
            prefix: address.prefix.clone(),
        };
        Bucket::new(place, &self.key()?, None).map(Some)
    }

    fn key(&self) -> Result<Token> {
        let kept = credentials().map(|folder| folder.join(KEY));
        let Some(path) = self.bucket_key_file.clone().or(kept) else {
            return Err(Error::definition("the bucket has no key").hint(HOW_TO_KEEP));
        };
        token(&path, HOW_TO_KEEP)
    }
}
