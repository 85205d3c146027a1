use super::*;
use crate::config::Tenant;
use crate::config::endpoints::REGIONS;
use crate::domain::Priority;
use crate::domain::budget::{Limits, Quota};

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn only(settings: Settings) -> Tenant {
    let TenantsAt::One(tenant) = settings.tenants else { panic!("there is one tenant") };
    *tenant
}

const SMALLEST: [(&str, &str); 5] = [
    ("TABLE_NAME", "relay"),
    ("TENANT_ID", "contoso.example"),
    ("CLIENT_ID", "app"),
    ("CLIENT_SECRET", "a word"),
    ("SOURCES", "{}"),
];

#[test]
fn the_smallest_configuration_has_the_documented_limits() {
    let settings = Settings::parse(&variables(&SMALLEST)).unwrap();
    assert_eq!((settings.machines_per_call, settings.respond_within_ms), (500, 4000));
    let tenant = only(settings);
    assert_eq!(tenant.limits, Limits::default());
    assert_eq!(tenant.endpoints.defender, "https://api.security.microsoft.com");
}

#[test]
fn one_message_names_every_variable_at_fault() {
    let error = Settings::parse(&variables(&[
        ("TENANT_ID", "a/b"),
        ("CLIENT_SECRET", "x"),
        ("CLIENT_SECRET_ARN", "y"),
        ("DEFENDER_REGION", "mars"),
        ("DEFENDER_ENDPOINT", "https://example.org"),
        ("CALLS_PER_MINUTE", "101"),
        ("RESERVE_PER_HOUR", "1500"),
        ("LOG_LEVEL", "loud"),
    ]))
    .unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_message_about_a_secret_does_not_tell_it() {
    let error = Settings::parse(&variables(&[("CLIENT_SECRET", "hush"), ("CLIENT_SECRET_ARN", "hush")]));
    assert!(!error.unwrap_err().to_string().contains("hush"));
}

#[test]
fn a_secret_in_the_place_of_an_arn_is_refused_and_not_told() {
    let beside = |name: &str| match name {
        "SOURCES_ARN" => "SOURCES",
        _ => "CLIENT_SECRET",
    };
    for name in ["CLIENT_SECRET_ARN", "CLIENT_CERTIFICATE_ARN", "SOURCES_ARN", "TENANTS_ARN"] {
        let mut variables = variables(&SMALLEST);
        variables.remove(beside(name));
        if name == "TENANTS_ARN" {
            variables.retain(|name, _| ["TABLE_NAME", "SOURCES"].contains(&name.as_str()));
        }
        variables.insert(name.into(), "hush".into());
        let error = Settings::parse(&variables).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{name}: must be the full ARN")) && !error.contains("hush"),
            "{error}"
        );
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:relay-AbCdEf";
        variables.insert(name.into(), arn.into());
        assert!(Settings::parse(&variables).is_ok(), "{name}");
    }
}

#[test]
fn a_variable_that_is_not_utf_8_is_a_fault_where_it_is_used() {
    let mut pairs = SMALLEST.to_vec();
    pairs.push(("LC_SOMETHING", "\u{fffd}"));
    assert!(Settings::parse(&variables(&pairs)).is_ok());
    pairs.push(("CLIENT_SECRET", "a\u{fffd}word"));
    let error = Settings::parse(&variables(&pairs)).unwrap_err().to_string();
    assert_eq!(error, "the configuration cannot work:\n  CLIENT_SECRET: is not UTF-8");
}

/// Source: Microsoft, "Supported Microsoft Defender for Endpoint APIs" and "National clouds".
#[test]
fn each_region_has_its_host_its_sign_in_and_its_scope() {
    const COMMERCIAL: &str = "api.securitycenter.microsoft.com";
    let expected = [
        ("global", "api.security.microsoft.com", "com", COMMERCIAL),
        ("us", "us.api.security.microsoft.com", "com", COMMERCIAL),
        ("eu", "eu.api.security.microsoft.com", "com", COMMERCIAL),
        ("uk", "uk.api.security.microsoft.com", "com", COMMERCIAL),
        ("au", "au.api.security.microsoft.com", "com", COMMERCIAL),
        ("swa", "swa.api.security.microsoft.com", "com", COMMERCIAL),
        ("ina", "ina.api.security.microsoft.com", "com", COMMERCIAL),
        ("aea", "aea.api.security.microsoft.com", "com", COMMERCIAL),
        ("gcc", "api-gcc.securitycenter.microsoft.us", "com", "api-gcc.securitycenter.microsoft.us"),
        ("gcc-high", "api-gov.securitycenter.microsoft.us", "us", "api-gov.securitycenter.microsoft.us"),
        ("dod", "api-gov.securitycenter.microsoft.us", "us", "api-gov.securitycenter.microsoft.us"),
    ];
    assert_eq!(expected.map(|(name, ..)| name), REGIONS.map(|region| region.name));
    for (region, host, domain, scope) in expected {
        let mut pairs = SMALLEST.to_vec();
        pairs.push(("DEFENDER_REGION", region));
        let endpoints = only(Settings::parse(&variables(&pairs)).unwrap()).endpoints;
        assert_eq!(endpoints.defender, format!("https://{host}"), "{region}");
        assert_eq!(endpoints.login, format!("https://login.microsoftonline.{domain}"), "{region}");
        assert_eq!(endpoints.scope, format!("https://{scope}/.default"), "{region}");
    }
}

#[test]
fn the_reserve_follows_lower_limits_unless_it_is_set() {
    let limits = |pairs: &[(&str, &str)]| {
        let mut variables = variables(&SMALLEST);
        variables.extend(self::variables(pairs));
        Settings::parse(&variables).map(|settings| only(settings).limits.of(Priority::Routine))
    };
    let quota = |per_minute, per_hour| Quota { per_minute, per_hour };
    assert_eq!(limits(&[]).unwrap(), quota(85, 1440));
    assert_eq!(limits(&[("CALLS_PER_MINUTE", "20"), ("CALLS_PER_HOUR", "100")]).unwrap(), quota(17, 96));
    assert_eq!(limits(&[("RESERVE_PER_MINUTE", "0"), ("RESERVE_PER_HOUR", "1499")]).unwrap(), quota(100, 1));
    let error = limits(&[("CALLS_PER_MINUTE", "5"), ("RESERVE_PER_MINUTE", "5")]).unwrap_err();
    assert!(error.to_string().contains("RESERVE_PER_MINUTE"), "{error}");
}

#[test]
fn an_empty_variable_counts_as_not_there() {
    let mut pairs = SMALLEST.to_vec();
    pairs.extend([("CLIENT_SECRET_ARN", ""), ("DEFENDER_ENDPOINT", " "), ("CALLS_PER_HOUR", "")]);
    assert!(Settings::parse(&variables(&pairs)).is_ok());
}
