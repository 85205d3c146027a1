//! Where Defender and Entra are.
//!
//! Invariant: a host is one of Microsoft's known ones over https, or this machine's loopback. No host is ever
//! built by editing text.

use reqwest::Url;

/// Defender's public API hosts.
/// Source: Microsoft, "Supported Microsoft Defender for Endpoint APIs" and "US Government customers".
const DEFENDER_HOSTS: [&str; 15] = [
    "api.security.microsoft.com",
    "us.api.security.microsoft.com",
    "eu.api.security.microsoft.com",
    "uk.api.security.microsoft.com",
    "au.api.security.microsoft.com",
    "swa.api.security.microsoft.com",
    "ina.api.security.microsoft.com",
    "aea.api.security.microsoft.com",
    "api.securitycenter.microsoft.com",
    "api-us.securitycenter.microsoft.com",
    "api-eu.securitycenter.microsoft.com",
    "api-uk.securitycenter.microsoft.com",
    "api-au.securitycenter.microsoft.com",
    "api-gcc.securitycenter.microsoft.us",
    "api-gov.securitycenter.microsoft.us",
];

/// Entra's sign-in hosts. Source: Microsoft, "National clouds".
const LOGIN_HOSTS: [&str; 2] = ["login.microsoftonline.com", "login.microsoftonline.us"];

/// The scope of a token for the commercial clouds, whichever of their hosts is called.
/// Source: Microsoft, "Create an app to access Microsoft Defender for Endpoint without a user".
const COMMERCIAL_SCOPE: &str = "https://api.securitycenter.microsoft.com/.default";

/// A Defender region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name in `DEFENDER_REGION`.
    pub name: &'static str,
    defender: &'static str,
    login: &'static str,
    scope: &'static str,
}

const fn commercial(name: &'static str, defender: &'static str) -> Region {
    Region { name, defender, login: "https://login.microsoftonline.com", scope: COMMERCIAL_SCOPE }
}

const fn government(name: &'static str) -> Region {
    Region {
        name,
        defender: "https://api-gov.securitycenter.microsoft.us",
        login: "https://login.microsoftonline.us",
        scope: "https://api-gov.securitycenter.microsoft.us/.default",
    }
}

/// Every region there is.
pub const REGIONS: [Region; 11] = [
    commercial("global", "https://api.security.microsoft.com"),
    commercial("us", "https://us.api.security.microsoft.com"),
    commercial("eu", "https://eu.api.security.microsoft.com"),
    commercial("uk", "https://uk.api.security.microsoft.com"),
    commercial("au", "https://au.api.security.microsoft.com"),
    commercial("swa", "https://swa.api.security.microsoft.com"),
    commercial("ina", "https://ina.api.security.microsoft.com"),
    commercial("aea", "https://aea.api.security.microsoft.com"),
    Region {
        name: "gcc",
        defender: "https://api-gcc.securitycenter.microsoft.us",
        login: "https://login.microsoftonline.com",
        scope: "https://api-gcc.securitycenter.microsoft.us/.default",
    },
    government("gcc-high"),
    government("dod"),
];

impl Region {
    /// Reads a region's name.
    pub fn parse(name: &str) -> Option<Self> {
        REGIONS.into_iter().find(|region| region.name == name)
    }
}

/// Where a tenant's Defender and Entra are, and what a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Defender's base address, without a slash at the end.
    pub defender: String,
    /// Entra's base address, without a slash at the end.
    pub login: String,
    /// The scope of a token.
    pub scope: &'static str,
}

impl Endpoints {
    /// A region's own endpoints.
    pub fn of(region: Region) -> Self {
        Self { defender: region.defender.into(), login: region.login.into(), scope: region.scope }
    }
}

/// A text is not a base address of Defender or Entra. No message holds the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address.
    #[error("is not an address: {0}")]
    NotAnAddress(String),
    /// It is the address of something else.
    #[error("must be https://HOST with HOST one of {}, or a loopback address for tests", .0.join(", "))]
    UnknownHost(&'static [&'static str]),
}

/// Reads a base address for Defender.
pub fn defender_endpoint(text: &str) -> Result<String, EndpointError> {
    endpoint(text, &DEFENDER_HOSTS)
}

/// Reads a base address for Entra.
pub fn login_endpoint(text: &str) -> Result<String, EndpointError> {
    endpoint(text, &LOGIN_HOSTS)
}

fn endpoint(text: &str, known: &'static [&'static str]) -> Result<String, EndpointError> {
    let url = Url::parse(text).map_err(|error| EndpointError::NotAnAddress(error.to_string()))?;
    let host = url.host_str().unwrap_or_default();
    let nobody = url.username().is_empty() && url.password().is_none();
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let plain = nobody && bare && !text.contains(char::is_whitespace);
    let microsoft = url.scheme() == "https" && url.port().is_none() && known.contains(&host);
    if plain && (microsoft || is_loopback(&url)) {
        return Ok(url.origin().ascii_serialization());
    }
    Err(EndpointError::UnknownHost(known))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let http = ["http", "https"].contains(&url.scheme());
    http && (host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_known_hosts_over_https() {
        for region in REGIONS {
            assert_eq!(defender_endpoint(region.defender).as_deref(), Ok(region.defender));
            assert_eq!(login_endpoint(region.login).as_deref(), Ok(region.login));
            assert_eq!(Region::parse(region.name), Some(region));
        }
    }

    #[test]
    fn loopback_is_taken_for_tests() {
        for good in ["http://127.0.0.1:8081", "http://localhost:1/", "http://[::1]:9", "http://127.9.9.9"] {
            assert_eq!(defender_endpoint(good).as_deref(), Ok(good.trim_end_matches('/')));
        }
        assert_eq!(defender_endpoint("http:127.0.0.1:8081").as_deref(), Ok("http://127.0.0.1:8081"));
    }

    #[test]
    fn any_other_host_is_refused() {
        for bad in [
            "http://api.security.microsoft.com",
            "https://api.security.microsoft.com.example.org",
            "https://api.security.microsoft.com:8443",
            "https://user@api.security.microsoft.com",
            "https://:word@api.security.microsoft.com",
            "http://:word@127.0.0.1",
            "https://api.security.microsoft.com ",
            "https://api.security.\nmicrosoft.com",
            "ftp://127.0.0.1",
            "https://api.security.microsoft.com/path",
            "https://127.0.0.1.example.org",
            "http://169.254.169.254",
            "api.security.microsoft.com",
            "",
        ] {
            assert!(defender_endpoint(bad).is_err(), "{bad}");
        }
    }
}
