//! Which store a URL names, and with which settings it is opened.
//!
//! Where a store is and how it is reached may stand in the URL; who we are
//! there may not, because a URL ends up in process lists and logs.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};
use url::Url;

use super::open_folder;
use crate::error::{Result, StorageError};

/// How long one request to a cloud store may take, unless `timeout` says
/// otherwise: 48 MiB, the largest object usually written, at 4 Mbit/s.
const TIMEOUT: &str = "100s";

/// A store's place, from a URL:
///
/// | URL | environment |
/// | --- | --- |
/// | `file:///folder` | |
/// | `s3://bucket/prefix` | `AWS_…` |
/// | `az://container/prefix` | `AZURE_…` |
/// | `gs://bucket/prefix` | `GOOGLE_…` |
///
/// Parameters such as `?endpoint=http://127.0.0.1:9000&allow_http=true` go
/// before the environment; [`Kind::parameters`] has them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A bucket or container.
    Bucket {
        /// Whose.
        kind: Kind,
        /// The bucket's or container's name.
        name: String,
        /// Where in it our keys begin.
        prefix: Path,
        /// Parameters of the URL, each of which is known.
        parameters: Vec<(String, String)>,
    },
}

/// A kind of cloud store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Azure Blob Storage.
    Azure,
    /// Google Cloud Storage.
    Google,
}

impl Kind {
    /// What a URL may say about a store of this kind, none of it secret.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::S3 => &[
                "region",
                "endpoint",
                "allow_http",
                "virtual_hosted_style_request",
                "unsigned_payload",
                "skip_signature",
                "server_side_encryption",
                "sse_kms_key_id",
                "request_payer",
                "timeout",
                "connect_timeout",
            ],
            Self::Azure => &[
                "account_name",
                "endpoint",
                "allow_http",
                "use_emulator",
                "authority_host",
                "skip_signature",
                "timeout",
                "connect_timeout",
            ],
            Self::Google => &[
                "base_url",
                "allow_http",
                "skip_signature",
                "timeout",
                "connect_timeout",
            ],
        }
    }

    /// What names of environment variables begin with. Others are not looked
    /// at: a variable TOKEN or BUCKET is somebody else's.
    fn variables(self) -> &'static str {
        match self {
            Self::S3 => "aws_",
            Self::Azure => "azure_",
            Self::Google => "google_",
        }
    }
}

impl Location {
    /// Reads a URL. Errors: one sentence that repeats nothing but parameters'
    /// names.
    pub fn parse(url: &str) -> Result<Self> {
        let parsed = Url::parse(url).map_err(|e| {
            StorageError::Url(format!(
                "the store's URL is not one ({e}): use file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
            ))
        })?;
        let kind = match parsed.scheme() {
            "file" => {
                let folder = parsed.to_file_path().map_err(|()| {
                    StorageError::Url("a file:// store needs an absolute folder".into())
                })?;
                return Ok(Self::Folder(folder));
            }
            "s3" | "s3a" => Kind::S3,
            "az" | "azure" | "abfs" | "abfss" => Kind::Azure,
            "gs" => Kind::Google,
            other => {
                return Err(StorageError::Url(format!(
                    "{other}:// is no store: use file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
                )));
            }
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(StorageError::Url(format!(
                "the store's URL holds a user or a key: put keys into the environment ({}…), where no process list shows them",
                kind.variables().to_ascii_uppercase()
            )));
        }
        let name = parsed.host_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(StorageError::Url(
                "the store's URL names no bucket or container".into(),
            ));
        }
        let prefix = Path::from_url_path(parsed.path()).map_err(|e| {
            StorageError::Url(format!("the prefix in the store's URL is no path: {e}"))
        })?;
        let mut parameters = Vec::new();
        for (name, value) in parsed.query_pairs() {
            if !kind.parameters().contains(&&*name) {
                return Err(StorageError::Url(format!(
                    "the store's URL has an unknown parameter {name:?}: known are {}; keys and tokens belong into the environment ({}…)",
                    kind.parameters().join(", "),
                    kind.variables().to_ascii_uppercase()
                )));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self::Bucket {
            kind,
            name,
            prefix,
            parameters,
        })
    }

    /// Opens the store with these environment variables. Nothing is asked of
    /// it yet.
    pub fn open(
        &self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Arc<dyn ObjectStore>> {
        let (kind, name, prefix, parameters) = match self {
            Self::Folder(folder) => return open_folder(folder),
            Self::Bucket {
                kind,
                name,
                prefix,
                parameters,
            } => (*kind, name, prefix, parameters),
        };
        let variables = environment
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name.starts_with(kind.variables()))
            // Some variables would go before a parameter of the same meaning.
            .filter(|(name, _)| {
                let same = |(parameter, _): &(String, String)| {
                    name[kind.variables().len()..].starts_with(parameter.as_str())
                };
                !parameters.iter().any(same)
            });
        // The later setting of a name wins.
        let settings: Vec<(String, String)> = variables.chain(parameters.iter().cloned()).collect();
        let client =
            ClientOptions::new().with_config(object_store::ClientConfigKey::Timeout, TIMEOUT);
        macro_rules! build {
            ($builder:expr) => {
                settings
                    .into_iter()
                    .fold($builder, |builder, (name, value)| match name.parse() {
                        Ok(known) => builder.with_config(known, value),
                        // A variable of another tool, such as AWS_PROFILE.
                        Err(_) => builder,
                    })
                    .build()?
            };
        }
        let store: Box<dyn ObjectStore> = match kind {
            Kind::S3 => Box::new(build!(
                AmazonS3Builder::new()
                    .with_bucket_name(name)
                    .with_client_options(client)
            )),
            Kind::Azure => Box::new(build!(
                MicrosoftAzureBuilder::new()
                    .with_container_name(name)
                    .with_client_options(client)
            )),
            Kind::Google => Box::new(build!(
                GoogleCloudStorageBuilder::new()
                    .with_bucket_name(name)
                    .with_client_options(client)
            )),
        };
        Ok(Arc::new(PrefixStore::new(store, prefix.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_bucket_prefix_and_settings() {
        let parsed = Location::parse("s3://b/a/c?region=eu-central-1&endpoint=http%3A%2F%2Fh%3A9");
        let Location::Bucket {
            kind,
            name,
            prefix,
            parameters,
        } = parsed.expect("a URL")
        else {
            panic!("no bucket");
        };
        assert_eq!((kind, &*name, prefix.as_ref()), (Kind::S3, "b", "a/c"));
        let expected = [("region", "eu-central-1"), ("endpoint", "http://h:9")];
        assert_eq!(
            parameters,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let folder = Location::parse("file:///tmp/x").expect("a folder");
        assert_eq!(folder, Location::Folder("/tmp/x".into()));
    }

    #[test]
    fn a_refused_url_repeats_no_secret() {
        for url in [
            "s3://AKIA:hunter2@bucket/prefix",
            "s3://bucket?secret_access_key=hunter2",
            "az://container?sas_token=hunter2",
            "gs://bucket?service_account_key=hunter2",
            "ftp://hunter2/",
            "hunter2",
            "s3://?region=hunter2",
        ] {
            let refused = Location::parse(url).expect_err(url).to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn parameters_name_what_the_builders_know() {
        for parameter in Kind::S3.parameters() {
            let known = parameter.parse::<object_store::aws::AmazonS3ConfigKey>();
            assert!(known.is_ok(), "{parameter}");
        }
        for parameter in Kind::Azure.parameters() {
            let known = parameter.parse::<object_store::azure::AzureConfigKey>();
            assert!(known.is_ok(), "{parameter}");
        }
        for parameter in Kind::Google.parameters() {
            let known = parameter.parse::<object_store::gcp::GoogleConfigKey>();
            assert!(known.is_ok(), "{parameter}");
        }
    }

    #[test]
    fn only_the_stores_own_variables_are_looked_at() {
        // A variable of another program would make this an error.
        let own = [
            ("AWS_REGION", "x"),
            ("ENDPOINT", "\n"),
            ("TIMEOUT", "never"),
        ];
        let environment = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let location = Location::parse("s3://bucket").expect("a URL");
        assert!(location.open(environment).is_ok());
        let environment = [("AWS_TIMEOUT".to_owned(), "never".to_owned())];
        assert!(location.open(environment).is_err());
    }
}
