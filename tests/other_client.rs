//! Another client of the sandbox: the AWS SDK over a socket, as any other tool would come, while `runner sandbox serve` owns the world.

use crate::project::{Project, talk_of};
use aws_credential_types::Credentials;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// `runner sandbox serve`; stopped with Ctrl-C when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) endpoint: String,
    key: String,
    secret: String,
}

impl Served {
    pub(crate) fn start(project: &Project) -> Served {
        let mut child = project.command(&["sandbox", "serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut exports = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut export = |name: &str| {
            let line = exports.next().unwrap().unwrap();
            line.strip_prefix(&format!("export {name}=")).unwrap_or_else(|| panic!("no {name} in `{line}`")).to_owned()
        };
        let (endpoint, key, secret) = (export("AWS_ENDPOINT_URL"), export("AWS_ACCESS_KEY_ID"), export("AWS_SECRET_ACCESS_KEY"));
        let mut line = String::new();
        talk_of(&mut child).read_line(&mut line).unwrap();
        Served { child, endpoint, key, secret }
    }

    pub(crate) fn administrator(&self) -> Credentials {
        Credentials::new(&self.key, &self.secret, None, None, "administrator")
    }

    /// The administrator's keys as environment variables.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("AWS_ACCESS_KEY_ID", self.key.clone()), ("AWS_SECRET_ACCESS_KEY", self.secret.clone())]
    }

    pub(crate) fn iam(&self, credentials: Credentials) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
            .region(aws_sdk_iam::config::Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        let config = aws_sdk_organizations::Config::builder()
            .behavior_version(aws_sdk_organizations::config::BehaviorVersion::latest())
            .region(aws_sdk_organizations::config::Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(self.administrator())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_organizations::Client::from_conf(config)
    }

    /// Credentials of the access role of an account.
    pub(crate) async fn inside(&self, account: &str) -> Credentials {
        self.assume(&format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole"), "other-client").await
    }

    /// Credentials of a role.
    pub(crate) async fn assume(&self, role: &str, session: &str) -> Credentials {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(self.administrator())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let reply = aws_sdk_sts::Client::from_conf(config).assume_role().role_arn(role).role_session_name(session).send().await.unwrap();
        let given = reply.credentials.unwrap();
        Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), None, "other-client")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
