//! `GetWebIdentityToken`. Source: AWS, Security Token Service API reference.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;

use crate::WebIdentity;
use crate::clock::text_of;
use crate::state::SharedSite;

pub(super) fn answer(site: &SharedSite, body: &[u8]) -> Response {
    let fields: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if field("Action") != "GetWebIdentityToken" || field("SigningAlgorithm") != "RS256" {
        return refusal(StatusCode::BAD_REQUEST, "ValidationError");
    }
    let good_for_s = field("DurationSeconds").parse().unwrap_or(300);
    let web_identity = {
        let mut state = site.state();
        state.identities_asked.push((field("Audience.member.1").to_owned(), good_for_s));
        state.switches.web_identity
    };
    match web_identity {
        WebIdentity::Given => give(site, field("Audience.member.1"), good_for_s),
        WebIdentity::Disabled => {
            refusal(StatusCode::FORBIDDEN, "OutboundWebIdentityFederationDisabledException")
        }
        WebIdentity::Denied => refusal(StatusCode::FORBIDDEN, "AccessDenied"),
        WebIdentity::Down => refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
    }
}

fn give(site: &SharedSite, audience: &str, good_for_s: u64) -> Response {
    let now_s = site.now_ms() / 1_000;
    let issuer = site.credentials().issuer.clone();
    let Some(Ok(token)) = issuer.map(|issuer| issuer.identity(audience, now_s, good_for_s)) else {
        return refusal(StatusCode::FORBIDDEN, "OutboundWebIdentityFederationDisabledException");
    };
    let expires_at = text_of((now_s + good_for_s) * 1_000);
    let body = format!(
        "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetWebIdentityTokenResult>\
         <WebIdentityToken>{token}</WebIdentityToken><Expiration>{expires_at}</Expiration>\
         </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
    );
    xml(StatusCode::OK, body)
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>Refused on purpose.</Message></Error></ErrorResponse>"
    );
    xml(status, body)
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
