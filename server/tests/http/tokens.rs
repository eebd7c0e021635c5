//! Tokens of other issuers against the real server: its file of issuers, and a
//! small server for their keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{Client, JsonBody as _, Server, body, empty_folder, order, problem};

const SECRET: &str = "a shared secret of more than 32 bytes";
const RSA_KEY: &str = include_str!("rsa_test_key.pem");
const RSA_PUBLIC: &str = include_str!("rsa_test_public.pem");

/// Signs as an issuer, or as somebody who would like to be one.
enum Signer {
    Hmac(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Ed25519KeyPair),
    Nobody,
}

impl Signer {
    fn rsa() -> Self {
        let lines = RSA_KEY.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap()))
    }

    fn ec() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random);
        Self::Ec(Box::new(pair.unwrap()))
    }

    fn ed() -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Nobody => "none",
        }
    }

    fn mark(&self, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, text).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut mark = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut mark)
                    .unwrap();
                mark
            }
            Self::Ec(pair) => pair.sign(&random, text).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(text).as_ref().to_vec(),
            Self::Nobody => Vec::new(),
        }
    }

    /// The public key as a set holds it.
    fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig",
                    "x": text(&point[1..33]), "y": text(&point[33..65])})
            }
            Self::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "kid": id,
                "x": text(pair.public_key().as_ref())}),
            _ => panic!("not a key of the tests' sets"),
        }
    }

    fn token(&self, header: Value, claims: &Value) -> String {
        let mut whole = json!({"alg": self.algorithm(), "typ": "JWT"});
        for (name, value) in header.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&whole), part(claims));
        let mark = URL_SAFE_NO_PAD.encode(self.mark(text.as_bytes()));
        format!("{text}.{mark}")
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Claims that are valid, but for those given.
fn claims(iss: &str, other: Value) -> Value {
    let mut claims = json!({"iss": iss, "aud": "tessera", "exp": now() + 600, "iat": now() - 5,
        "sub": "mira", "jti": "t1", "tenant_id": "a", "role": "staff"});
    for (name, value) in other.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A server that gives a set of keys, and counts how often.
struct KeyServer {
    url: String,
    set: Arc<Mutex<Value>>,
    fetched: Arc<AtomicUsize>,
}

impl KeyServer {
    async fn start(set: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let set = Arc::new(Mutex::new(set));
        let fetched = Arc::new(AtomicUsize::new(0));
        let (shown, count) = (set.clone(), fetched.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                count.fetch_add(1, Ordering::SeqCst);
                let text = shown.lock().unwrap().to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                    text.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, set, fetched }
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

async fn status(client: &Client, token: &str, path: &str) -> u16 {
    let client = client.clone().with_key(token);
    client.get(path).send().await.unwrap().status().as_u16()
}

const METRICS: &str = "/api/analytics/metrics";

#[tokio::test]
async fn a_token_is_what_its_issuer_signed_for_this_server_and_nothing_else() {
    let (rsa, ec, ed) = (Signer::rsa(), Signer::ec(), Signer::ed());
    let keys = KeyServer::start(json!({"keys": [ec.jwk("e1"), ed.jwk("d1"),
        {"kty": "unheard of", "kid": "x"}, {"kty": "oct", "kid": "s", "k": "c2VjcmV0"}]}))
    .await;
    let folder = empty_folder();
    let file = folder.path().join("issuers.toml");
    std::fs::write(folder.path().join("public.pem"), RSA_PUBLIC).unwrap();
    let url = &keys.url;
    let text = format!(
        r#"
        [[issuer]]
        name = "shared"
        iss = "https://shared.example"
        aud = ["tessera"]
        algorithms = ["HS256"]
        secret = "{SECRET}"
        tenants = ["a", "b"]
        roles = {{ staff = "analyst", boss = "admin", shop = "of-shop" }}

        [[issuer]]
        name = "rsa"
        iss = "https://rsa.example"
        aud = ["tessera"]
        algorithms = ["RS256"]
        pem_file = "public.pem"
        tenant = "a"
        default_role = "viewer"
        roles = {{ staff = "analyst" }}

        [[issuer]]
        name = "set"
        iss = "https://set.example"
        aud = ["tessera"]
        algorithms = ["ES256", "EdDSA"]
        jwks_url = "{url}"
        any_tenant = true
        roles = {{ staff = "analyst" }}
        "#
    );
    std::fs::write(&file, text).unwrap();
    let server = Server::start_with(&["--auth", file.to_str().unwrap()]);
    let a = server.tenant("a");
    let b = server.tenant("b");
    let anonymous = server.anonymous();
    let shared = Signer::Hmac(SECRET.into());
    let of_shared = |other| shared.token(json!({}), &claims("https://shared.example", other));

    // Each algorithm.
    let of_rsa = rsa.token(json!({}), &claims("https://rsa.example", json!({})));
    let in_set = claims("https://set.example", json!({}));
    let by_ec = ec.token(json!({"kid": "e1"}), &in_set);
    for token in [
        of_shared(json!({})),
        of_shared(json!({"aud": ["other", "tessera"], "role": ["unmapped", "staff"]})),
        of_rsa.clone(),
        by_ec.clone(),
        ed.token(json!({"kid": "d1"}), &in_set),
        // The only one of its kind needs no name.
        ed.token(json!({}), &in_set),
    ] {
        assert_eq!(status(&anonymous, &token, METRICS).await, 200, "{token}");
    }
    assert_eq!(keys.fetched(), 1);

    // Whatever is wrong with a token, it is nobody's.
    let past = now() - 3_600;
    let rsa_claims = claims("https://rsa.example", json!({}));
    let mut tampered = of_shared(json!({}));
    tampered.replace_range(60..61, if &tampered[60..61] == "A" { "B" } else { "A" });
    let unmarked = of_rsa.rsplit_once('.').unwrap().0;
    let nobody = Signer::Nobody;
    let wrong = [
        ("alg none", nobody.token(json!({}), &rsa_claims)),
        (
            "alg None",
            nobody.token(json!({"alg": "None"}), &rsa_claims),
        ),
        ("no signature", format!("{unmarked}.")),
        (
            "an RSA public key as shared secret",
            Signer::Hmac(RSA_PUBLIC.into()).token(json!({}), &rsa_claims),
        ),
        (
            "an algorithm that is not the issuer's",
            rsa.token(json!({}), &claims("https://shared.example", json!({}))),
        ),
        (
            "a shared secret of a public set",
            Signer::Hmac(b"secret".to_vec()).token(json!({"kid": "s"}), &in_set),
        ),
        (
            "another secret",
            Signer::Hmac(b"another secret of more than 32 bytes".to_vec())
                .token(json!({}), &claims("https://shared.example", json!({}))),
        ),
        ("tampered", tampered),
        ("another aud", of_shared(json!({"aud": "other"}))),
        ("no aud", of_shared(json!({"aud": null}))),
        (
            "another iss",
            of_shared(json!({"iss": "https://other.example"})),
        ),
        ("no iss", of_shared(json!({"iss": null}))),
        (
            "an iss of another key",
            of_shared(json!({"iss": "https://rsa.example"})),
        ),
        ("expired", of_shared(json!({"exp": past}))),
        ("no exp", of_shared(json!({"exp": null}))),
        ("exp as text", of_shared(json!({"exp": "never"}))),
        ("not yet", of_shared(json!({"nbf": now() + 3_600}))),
        ("nbf as text", of_shared(json!({"nbf": "later"}))),
        (
            "jku",
            ec.token(json!({"kid": "e1", "jku": keys.url.as_str()}), &in_set),
        ),
        (
            "x5u",
            ec.token(json!({"kid": "e1", "x5u": keys.url.as_str()}), &in_set),
        ),
        (
            "jwk",
            ec.token(json!({"kid": "e1", "jwk": ec.jwk("e1")}), &in_set),
        ),
        (
            "crit",
            ec.token(json!({"kid": "e1", "crit": ["exp"]}), &in_set),
        ),
        ("too long", of_shared(json!({"pad": "x".repeat(20_000)}))),
        ("no token", "a.b.c".to_owned()),
        ("no parts", "abc".to_owned()),
    ];
    for (what, token) in &wrong {
        assert_eq!(status(&anonymous, token, METRICS).await, 401, "{what}");
    }
    let refusal = anonymous.clone().with_key(&wrong[0].1);
    let refusal = problem(refusal.get(METRICS).send().await.unwrap(), 401).await;
    assert!(!refusal.to_string().contains("eyJ"), "{refusal}");

    // A valid token of a tenant that its issuer does not speak for, of no role,
    // of a role that may not, and with another tenant beside it.
    for (other, path) in [
        (json!({"tenant_id": "c"}), METRICS),
        (json!({"tenant_id": null}), METRICS),
        (json!({"role": "unmapped"}), METRICS),
        (json!({"role": "admin"}), METRICS),
        (json!({"role": null}), METRICS),
        (json!({"role": "shop"}), METRICS),
        (json!({}), "/api/analytics/keys"),
    ] {
        assert_eq!(
            status(&anonymous, &of_shared(other.clone()), path).await,
            403,
            "{other}"
        );
    }
    let spoofed = anonymous.clone().with_key(&of_shared(json!({})));
    let spoofed = spoofed.get(METRICS).header("X-Tenant-ID", "b").send();
    problem(spoofed.await.unwrap(), 403).await;
    // What an issuer of one tenant says of tenants is not asked.
    body(
        a.points(&json!([order(json!(1), json!({"shop": "x", "who": "w"}))]))
            .send()
            .await
            .unwrap(),
        200,
    )
    .await;
    let elsewhere = rsa.token(
        json!({}),
        &claims("https://rsa.example", json!({"tenant_id": "b"})),
    );
    let count = "select count(*) from analytics_data_points";
    let elsewhere = anonymous.clone().with_key(&elsewhere);
    assert_eq!(elsewhere.rows(count).await, json!([[1]]));
    assert_eq!(b.rows(count).await, json!([[0]]));

    // Many unknown keys are one fetch, and a new key is known by it.
    let before = keys.fetched();
    let next = Signer::ec();
    *keys.set.lock().unwrap() = json!({"keys": [ec.jwk("e1"), next.jwk("e2")]});
    let flood = (0..40).map(|i| {
        let token = next.token(json!({"kid": format!("unknown-{i}")}), &in_set);
        let client = anonymous.clone();
        tokio::spawn(async move { status(&client, &token, METRICS).await })
    });
    for asked in flood.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), 401);
    }
    assert_eq!(keys.fetched(), before + 1, "fetches");
    let by_next = next.token(json!({"kid": "e2"}), &in_set);
    for token in [&by_next, &by_ec] {
        assert_eq!(status(&anonymous, token, METRICS).await, 200);
    }
    // The one that has left the set is no key any more.
    let gone = ed.token(json!({"kid": "d1"}), &in_set);
    assert_eq!(status(&anonymous, &gone, METRICS).await, 401);
    assert_eq!(keys.fetched(), before + 1, "fetches");

    // A role of the tenant's own, and a token that is revoked before it expires.
    let boss = anonymous
        .clone()
        .with_key(&of_shared(json!({"role": "boss", "jti": "t2"})));
    let role = json!({"base": "analyst", "sees": {"masks": ["who"]}});
    let set = boss
        .request(reqwest::Method::PUT, "/api/analytics/roles/of-shop")
        .json(&role);
    assert_eq!(set.send().await.unwrap().status(), 204);
    let shop = anonymous
        .clone()
        .with_key(&of_shared(json!({"role": "shop", "jti": "t3"})));
    let since = Instant::now();
    while shop.get(METRICS).send().await.unwrap().status() != 200 {
        assert!(
            since.elapsed() < Duration::from_secs(5),
            "the role is not seen"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let asked =
        "select dimensions->>'shop' as s, dimensions->>'who' as w from analytics_data_points";
    assert_eq!(shop.rows(asked).await, json!([["x", null]]));
    let revocation = json!({"issuer": "shared", "token_id": "t3"});
    let revoked = boss
        .post("/api/analytics/token-revocations")
        .json(&revocation);
    body(revoked.send().await.unwrap(), 201).await;
    let since = Instant::now();
    while shop.get(METRICS).send().await.unwrap().status() != 401 {
        assert!(
            since.elapsed() < Duration::from_secs(5),
            "the token goes on"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(boss.get(METRICS).send().await.unwrap().status(), 200);
}

#[test]
fn a_file_of_issuers_that_cannot_be_right_stops_the_server_with_a_sentence() {
    let folder = empty_folder();
    let server = Server::start();
    let whole = "[[issuer]]\nname = \"x\"\niss = \"x\"\naud = [\"t\"]\nany_tenant = true\n\
        default_role = \"viewer\"\n";
    let wrong = [
        ("algorithms = [\"none\"]\nsecret = \"%\"", "none"),
        ("algorithms = [\"RS256\"]\nsecret = \"%\"", "exactly one"),
        (
            "algorithms = [\"HS256\", \"RS256\"]\nsecret = \"%\"",
            "exactly one",
        ),
        ("algorithms = [\"HS256\"]\nsecret = \"short\"", "32 bytes"),
        (
            "algorithms = [\"RS256\"]\njwks_url = \"http://example.org/k\"",
            "https",
        ),
        (
            "algorithms = [\"HS256\"]\nsecret = \"%\"\nsecrte = 1",
            "unknown field",
        ),
    ];
    for (lines, said) in wrong {
        let file = folder.path().join("issuers.toml");
        std::fs::write(&file, format!("{whole}{}", lines.replace('%', SECRET))).unwrap();
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--auth",
            file.to_str().unwrap(),
        ];
        let output = server.run(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{lines}");
        assert!(
            errors.contains(said) && !errors.contains(SECRET),
            "{lines}: {errors}"
        );
    }
}
