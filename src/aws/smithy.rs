//! The SDK's own doors (HTTP, clock, sleep, ids) led through ours, and the one configuration all clients share.

use crate::step::BoxFuture;
use crate::time::Time;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::invocation_id::{InvocationId, InvocationIdGenerator};
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// How long one attempt of one call may take before its outcome counts as unknown.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// An AWS in this process: takes a signed request, gives the response, or none when the reply is lost.
pub type Handler = Arc<dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Option<http::Response<Bytes>>> + Send + Sync>;

/// The SDK's HTTP client.
pub type Http = SharedHttpClient;

/// An HTTP client for the SDK that never leaves the process.
#[must_use]
pub fn in_process(handler: Handler) -> SharedHttpClient {
    SharedHttpClient::new(InProcess(handler))
}

/// The real HTTP client (rustls on ring), built when the first request leaves: the sandbox never pays for it.
#[must_use]
pub fn https() -> SharedHttpClient {
    SharedHttpClient::new(Https(OnceLock::new()))
}

#[derive(Clone)]
struct InProcess(Handler);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let handler = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            // Bodies of the three services' requests are always in memory.
            let body = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
            match handler(http::Request::from_parts(parts, body)).await {
                None => Err(ConnectorError::io("the reply was lost".into())),
                Some(response) => {
                    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
                }
            }
        })
    }
}

#[derive(Debug)]
struct Https(OnceLock<SharedHttpClient>);

impl HttpClient for Https {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        use aws_smithy_http_client::{Builder, tls};
        let client =
            self.0.get_or_init(|| Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https());
        client.http_connector(settings, components)
    }
}

/// Clock, sleep and ids of the SDK, taken from `Time`.
#[derive(Clone)]
pub(crate) struct Clock(pub(crate) Time);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::from(self.0.now())
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.0.sleep(duration))
    }
}

impl InvocationIdGenerator for Clock {
    fn generate(&self) -> Result<Option<InvocationId>, BoxError> {
        Ok(Some(InvocationId::new(format!("{:016x}{:016x}", self.0.random(), self.0.random()))))
    }
}

/// What all three clients share: no retries (the engine owns them), no identity cache (sessions own credentials), our clock.
pub(crate) struct Wire {
    pub(crate) time: Time,
    pub(crate) http: SharedHttpClient,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) region: String,
}

impl Wire {
    fn shared(&self, credentials: Credentials) -> SdkConfig {
        let clock = Clock(self.time.clone());
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .region(Region::new(self.region.clone()))
            .time_source(clock.clone())
            .sleep_impl(clock)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache())
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        builder.set_endpoint_url(self.endpoint_url.clone());
        builder.build()
    }

    pub(crate) fn iam(&self, credentials: Credentials) -> aws_sdk_iam::Client {
        let builder = aws_sdk_iam::config::Builder::from(&self.shared(credentials)).invocation_id_generator(Clock(self.time.clone()));
        aws_sdk_iam::Client::from_conf(builder.build())
    }

    pub(crate) fn organizations(&self, credentials: Credentials) -> aws_sdk_organizations::Client {
        let builder =
            aws_sdk_organizations::config::Builder::from(&self.shared(credentials)).invocation_id_generator(Clock(self.time.clone()));
        aws_sdk_organizations::Client::from_conf(builder.build())
    }

    pub(crate) fn sts(&self, credentials: Credentials) -> aws_sdk_sts::Client {
        let builder = aws_sdk_sts::config::Builder::from(&self.shared(credentials)).invocation_id_generator(Clock(self.time.clone()));
        aws_sdk_sts::Client::from_conf(builder.build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// The partition's endpoints and the regions requests are signed for, as the rules engines of the SDK know them.
    #[test]
    fn every_partition_has_its_own_endpoints() {
        let time = Time::simulated(1);
        for (region, sts, iam, organizations) in [
            (
                "us-east-1",
                "sts.us-east-1.amazonaws.com us-east-1",
                "iam.amazonaws.com us-east-1",
                "organizations.us-east-1.amazonaws.com us-east-1",
            ),
            (
                "eu-central-1",
                "sts.eu-central-1.amazonaws.com eu-central-1",
                "iam.amazonaws.com us-east-1",
                "organizations.us-east-1.amazonaws.com us-east-1",
            ),
            (
                "cn-north-1",
                "sts.cn-north-1.amazonaws.com.cn cn-north-1",
                "iam.cn-north-1.amazonaws.com.cn cn-north-1",
                "organizations.cn-northwest-1.amazonaws.com.cn cn-northwest-1",
            ),
            (
                "us-gov-west-1",
                "sts.us-gov-west-1.amazonaws.com us-gov-west-1",
                "iam.us-gov.amazonaws.com us-gov-west-1",
                "organizations.us-gov-west-1.amazonaws.com us-gov-west-1",
            ),
            (
                "eusc-de-east-1",
                "sts.eusc-de-east-1.amazonaws.eu eusc-de-east-1",
                "iam.eusc-de-east-1.amazonaws.eu eusc-de-east-1",
                "organizations.eusc-de-east-1.amazonaws.eu eusc-de-east-1",
            ),
        ] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let noted = Arc::clone(&seen);
            let http = in_process(Arc::new(move |request| {
                let signed = request.headers()["authorization"].to_str().unwrap_or_default().to_owned();
                let scope = signed.split('/').nth(2).unwrap_or_default();
                noted.lock().expect("notes").push(format!("{} {scope}", request.uri().host().unwrap_or_default()));
                Box::pin(std::future::ready(None))
            }));
            let wire = Wire { time: time.clone(), http, endpoint_url: None, region: region.to_owned() };
            let credentials = Credentials::new("AKIA", "s", None, None, "test");
            time.block_on(async move {
                // Nobody answers; only where the calls go counts.
                assert!(wire.sts(credentials.clone()).get_caller_identity().send().await.is_err());
                assert!(wire.iam(credentials.clone()).get_user().send().await.is_err());
                assert!(wire.organizations(credentials).describe_organization().send().await.is_err());
            })
            .unwrap();
            assert_eq!(*seen.lock().unwrap(), [sts, iam, organizations], "{region}");
        }
    }
}
