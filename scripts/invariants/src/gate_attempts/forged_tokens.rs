//! Shop tokens that must open nothing, each wrong in one way.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use stanchion_shared::{jose::SigningKeys, shop_token::TOKEN_TYPE};

/// A private key that everybody knows: RFC 8037, appendix A. `KID` is replaced by the edge's.
const FOREIGN_KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"KID",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// What a forger can see: the published keys, and one valid token (or made-up claims).
pub(crate) struct Material {
    /// `kid` of the edge's first key.
    pub(crate) kid: String,
    /// Its public part, base64url.
    pub(crate) x: String,
    /// Claims of a valid token.
    pub(crate) claims: Value,
    /// That token, if there is one.
    pub(crate) valid: Option<String>,
}

impl Material {
    /// From the published set; `claims` are made up unless there is a valid token.
    pub(crate) fn new(jwks: &str, valid: Option<&str>, event: &str) -> Option<Material> {
        let set: Value = serde_json::from_str(jwks).ok()?;
        let key = &set["keys"][0];
        let made_up = json!({
            "iss": "https://queue.stanchion.test", "aud": "stanchion-origin", "sub": "forger", "jti": "forged",
            "iat": 1_700_000_000_u64, "exp": 4_000_000_000_u64, "event": event, "place": 1,
        });
        let claims = valid.and_then(|token| {
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
            serde_json::from_slice(&payload).ok()
        });
        Some(Material {
            kid: key["kid"].as_str()?.to_owned(),
            x: key["x"].as_str()?.to_owned(),
            claims: claims.unwrap_or(made_up),
            valid: valid.map(str::to_owned),
        })
    }

    fn signing_input(&self, algorithm: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": algorithm, "typ": TOKEN_TYPE, "kid": self.kid});
        format!("{}.{}", part(&header), part(claims))
    }

    /// (what is wrong with it, the token) for every trick. None may reach anything; the answer is 401.
    pub(crate) fn tokens(&self) -> Vec<(&'static str, String)> {
        let foreign = SigningKeys::parse(&FOREIGN_KEY.replace("KID", &self.kid)).expect("the RFC's own key pair");
        let none = self.signing_input("none", &self.claims);
        let mut longer = self.claims.clone();
        longer["exp"] = json!(4_000_000_000_u64);
        let mut tokens = vec![
            ("garbage", "not.a.token".to_owned()),
            (
                "a foreign key under our kid",
                foreign.sign_claims(TOKEN_TYPE, &self.claims),
            ),
            ("alg none", format!("{none}.")),
            ("alg HS256 with the public key", self.signed_with_hmac("HS256")),
        ];
        if let Some(valid) = &self.valid {
            let signature = valid.rsplit('.').next().unwrap_or_default();
            tokens.push(("alg none with a valid signature", format!("{none}.{signature}")));
            tokens.push((
                "a later end",
                format!("{}.{signature}", self.signing_input("EdDSA", &longer)),
            ));
            let cut = &valid[..valid.len() - 2];
            tokens.push(("a cut signature", cut.to_owned()));
        }
        tokens
    }

    fn signed_with_hmac(&self, algorithm: &str) -> String {
        let input = self.signing_input(algorithm, &self.claims);
        let secret = URL_SAFE_NO_PAD.decode(&self.x).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("HMAC takes keys of any length");
        mac.update(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{jose::VerifyingKeys, shop_token::ShopClaims};

    /// Another key pair (RFC 8032, section 7.1, test 2), as the edge's.
    const EDGE_KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"edge",
        "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;

    #[test]
    fn every_forgery_is_one_and_the_model_is_not() {
        let edge = SigningKeys::parse(EDGE_KEY).unwrap();
        let jwks = edge.public_jwks();
        let made_up = Material::new(&jwks, None, "e").unwrap();
        let valid = edge.sign_claims(TOKEN_TYPE, &made_up.claims);
        let keys = VerifyingKeys::parse(&jwks).unwrap();
        assert!(keys.verify_claims::<ShopClaims>(TOKEN_TYPE, &valid).is_ok());
        let material = Material::new(&jwks, Some(&valid), "e").unwrap();
        assert_eq!(material.claims, made_up.claims);
        let tokens = material.tokens();
        assert_eq!(tokens.len(), 7);
        for (what, token) in tokens {
            assert!(keys.verify_claims::<ShopClaims>(TOKEN_TYPE, &token).is_err(), "{what}");
        }
    }
}
