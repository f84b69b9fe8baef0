"""Shapes of known tokens and keys. ``make secret-patterns`` generates this module.

The patterns come from two projects:

- CredSweeper 1.19.5: https://github.com/Samsung/CredSweeper, credsweeper/rules/config.yaml.
  Copyright (c) 2021 SAMSUNG. MIT license: LICENSES/CredSweeper.txt.
- gitleaks 8.30.1, translated to Python's syntax: https://github.com/gitleaks/gitleaks, config/gitleaks.toml.
  Copyright (c) 2019 Zachary Rice. MIT license: LICENSES/gitleaks.txt.
"""

__all__ = ["RULES"]

#: Name, texts in lower case of which one must be there, patterns: group ``value`` is the secret. Strings only: a
#: pattern is compiled where one of its texts was found.
RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Akamai Credentials",
        ("akab-",),
        ("(?P<value>akab-[0-9a-z]{16}-[0-9a-z]{16})(?!\\.[0-9a-z-]{1,80}\\.akamaiapis\\.net)",),
    ),
    (
        "Amazon Bedrock API Key",
        ("absk", "bedrock-api-key-"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>(ABSK|bedrock-api-key-)[0-9A-Za-z/+]{28,800})(?![0-9A-Za-z/+])",
        ),
    ),
    (
        "AWS AppSync GraphQL API Key",
        ("da2-",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>da2-[a-z0-9]{26})(?![0-9A-Za-z/+])",
        ),
    ),
    (
        "AWS Client ID",
        ("a3t", "abia", "acca", "agpa", "aida", "aipa", "akia", "anpa", "anva", "aroa", "apka", "asca", "asia"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>(A3T[0-9A-Z]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|AROA|APKA|ASCA|ASIA)[0-9A-Z]{16,17})(?![0-9A-Za-z_+-])",
        ),
    ),
    (
        "Alibaba Access Key ID",
        ("ltai",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>LTAI[0-9A-Za-z]{12,20})(?![0-9A-Za-z_+-])",
        ),
    ),
    (
        "AWS MWS Key",
        ("amzn.mws.",),
        ("(?P<value>amzn\\.mws\\.[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12})(?![0-9A-Za-z_-])",),
    ),
    (
        "Defined Networking API Key",
        ("dnkey-",),
        ("(?P<value>dnkey-[A-Z2-7]{26}-[A-Z2-7]{52})",),
    ),
    (
        "Dynatrace API Token",
        ("dt0",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>dt0[a-z]{1}[0-9]{2}\\.[0-9A-Z]{24}\\.[0-9A-Z]{64})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Doppler API Key",
        ("dp.",),
        ("(?P<value>dp\\.(pt|st|ct|sa|scim|audit)\\.[0-9A-Za-z]{43})",),
    ),
    (
        "Facebook Access Token",
        ("eaa",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>EAA[0-9A-Za-z]{80,800})",
        ),
    ),
    (
        "Facebook App Token",
        ("|",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>[0-9]{12,18}\\|[0-9A-Za-z_-]{24,28})(?![0-9A-Za-z_+-])",
        ),
    ),
    (
        "Google API Key",
        ("aiza",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>AIza[0-9A-Za-z_-]{35})",
        ),
    ),
    (
        "Google OAuth Secret",
        ("gocspx-",),
        ("(?P<value>GOCSPX-[0-9A-Za-z_-]{28})(?![0-9A-Za-z_-])",),
    ),
    (
        "Google OAuth Access Token",
        ("ya29.",),
        ("(?P<value>ya29\\.[0-9A-Za-z_-]{22,8000})",),
    ),
    (
        "Google OAuth Refresh Token",
        ("1//0",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>1//0[0-9A-Za-z_-]{80,8000})",
        ),
    ),
    (
        "Heroku Credentials",
        ("hrku-",),
        ("(?P<value>HRKU-([0-9A-Za-z_-]{60}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}))",),
    ),
    (
        "Instagram Access Token",
        ("igqvj",),
        ("(?P<value>IGQVJ[=0-9A-Za-z_-]{100,8000})(?![=0-9A-Za-z_-])",),
    ),
    (
        "PASETO Token",
        (".public.", ".local."),
        ("(?P<value>v[1-4]\\.(public|local)\\.[0-9A-Za-z_-]{15,8000}(\\.[0-9A-Za-z_-]{0,8000})?)",),
    ),
    (
        "PASERK Keys",
        ("local", "secret"),
        ("(?P<value>k[1-4]\\.(local|secret)(-pw)?\\.[0-9A-Za-z_-]{15,8000})",),
    ),
    (
        "JSON Web Token",
        ("eyj",),
        ("(?P<value>eyJ[=0-9A-Za-z_+/-]{15,8000}(\\.[=0-9A-Za-z_+/-]{0,8000}){2,16})(?![=0-9A-Za-z_-])",),
    ),
    (
        "JSON Web Key",
        ("eyj", "eyai", "ewoi", "ewog", "ew0k", "wyj", "w3si", "wwp7", "wwog", "ww0k", "w3sk"),
        ("(?P<value>\\b(e(yJ|yAi|woi|wog|w0K)|W(yJ|3si|wp7|wog|w0K|3sK))[0-9A-Za-z_+/-]{60,8000})",),
    ),
    (
        "MailChimp API Key",
        ("-us",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>[0-9A-Za-z_-]{32}-us[0-9]{1,2})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "MailGun API Key",
        ("-", "key-"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>key-[0-9a-z]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "PayPal Braintree Access Token",
        ("access_token$production$",),
        ("(?P<value>access_token\\$production\\$[0-9a-z]{16}\\$[0-9a-z]{32})(?![0-9A-Za-z_-])",),
    ),
    (
        "BASE64 encoded PEM Private Key",
        ("ufjjvkfursblrvkt", "quklwqvrfietfws0t", "fbssvzbveugs0vz"),
        (
            "(?P<value>[0-9A-Za-z_/+-]{0,8000}LS0t(LS1CRUdJTiB|LUJFR0lOI|QkVHSU4g)[0-9A-Za-z_/+-]{0,11}(UFJJVkFURSBLRVkt|QUklWQVRFIEtFWS0t|FBSSVZBVEUgS0VZ)[0-9A-Za-z_/+-]{1,8000}LS0t[0-9A-Za-z_/+-]{1,8000})",
        ),
    ),
    (
        "BASE64 Private Key",
        ("mii",),
        ("(?P<value>MII[A-Za-f][0-9A-Za-z/+]{8}(?s:[^!#$&()*\\-.:;<=>?@\\[\\]^_{|}~]{8,8000}))",),
    ),
    (
        "Picatic API Key",
        ("sk_live_",),
        ("(?P<value>sk_live_[0-9a-z]{32})(?![0-9A-Za-z_-])",),
    ),
    (
        "SendGrid API Key",
        ("sg.",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>SG\\.[0-9A-Za-z_-]{16,32}\\.[0-9A-Za-z_-]{16,64})",
        ),
    ),
    (
        "Clojars Deploy Token",
        ("clojars_",),
        ("(?P<value>CLOJARS_[0-9a-f]{60})(?![0-9A-Za-z_-])",),
    ),
    (
        "Shopify Token",
        ("shp",),
        ("(?P<value>shp(at|ca|pa|ss|tka)_[0-9A-Fa-f]{32})(?![0-9A-Za-z_-])",),
    ),
    (
        "Slack Token",
        ("xox", "xapp"),
        ("(?P<value>(xapp|xox[a-z])\\-[0-9A-Za-z-]{10,250})(?![0-9A-Za-z_-])",),
    ),
    (
        "Slack Webhook",
        ("hooks.slack.com/services/t",),
        ("(?P<variable>hooks\\.slack\\.com/services)(?P<value>/T[0-9A-Z]{8,16}/B[0-9A-Z]{8,16}/[0-9A-Za-z_]{24})",),
    ),
    (
        "Stripe Credentials",
        ("k_live_", "k_test_", "whsec_"),
        ("(?P<value>(whsec|[prs]k_(test|live))_[0-9A-Za-z]{24,160})",),
    ),
    (
        "Square Access Token",
        ("eaaa",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>EAAA[0-9A-Za-z_-]{60})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Square Credentials",
        ("sq0",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>sq0[a-z]{3}-[0-9A-Za-z_-]{22}([0-9A-Za-z_-]{21})?)(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Twilio Credentials",
        (
            "ac",
            "ad",
            "al",
            "ca",
            "cf",
            "cl",
            "cn",
            "cr",
            "fw",
            "ip",
            "ks",
            "mm",
            "no",
            "pk",
            "pn",
            "qu",
            "re",
            "sc",
            "sd",
            "sk",
            "sm",
            "tr",
            "ut",
            "xe",
            "xr",
        ),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>(AC|AD|AL|CA|CF|CL|CN|CR|FW|IP|KS|MM|NO|PK|PN|QU|RE|SC|SD|SK|SM|TR|UT|XE|XR)([0-9A-F]{32}|[0-9a-f]{32}))(?![0-9A-Za-z_+-])",
        ),
    ),
    (
        "Telegram Bot API Token",
        (":aa",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>[0-9]{8,10}:[0-9A-Za-z_-]{35})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "PyPi API Token",
        ("pypi-",),
        ("(?P<value>pypi-[0-9A-Za-z_-]{150,255})",),
    ),
    (
        "NPM Token",
        ("npm_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>npm_[0-9A-Za-z_-]{36,255})",
        ),
    ),
    (
        "Github App Installation Token",
        ("ghs_",),
        ("(?P<value>ghs_[0-9]{1,20}_eyJ[0-9A-Za-z_-]{15,800}(\\.[0-9A-Za-z_-]{0,800}){2,8})",),
    ),
    (
        "Github Classic Token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>gh[pousr]_[0-9A-Za-z_-]{36,255})",
        ),
    ),
    (
        "Github Fine-granted Token",
        ("github_pat_",),
        ("(?P<value>github_pat_[0-9A-Za-z_]{80,255})",),
    ),
    (
        "Jfrog Token",
        ("cmvmdgtuo", "akcp"),
        ("(?P<value>(cmVmdGtuO[0-9A-Za-z_-]{55}|AKCp[0-9A-Za-z_-]{69}))(?![0-9A-Za-z_-])",),
    ),
    (
        "Azure Access Token",
        ("eyj",),
        ("(?P<value>eyJ[=0-9A-Za-z_-]{50,500}\\.eyJ[=0-9A-Za-z_-]{8,8000}\\.[=0-9A-Za-z_-]{18,800})",),
    ),
    (
        "Azure Secret Value",
        ("8q~",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>[0-9A-Za-z_~.-]{3}8Q~[0-9A-Za-z_~.-]{34})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Azure Storage Account Key",
        ("jqqj99", "jqqj9d", "jqqj9h"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>[0-9A-Za-z]{52}JQQJ9[9DH][0-9A-Za-z]{26}([0-9A-Za-z=]{4})?)(?![0-9A-Za-z_/+-])",
        ),
    ),
    (
        "Bitbucket App Password",
        ("atbb",),
        ("(?P<value>ATBB[0-9A-Za-z]{24}[A-F0-9]{8})(?![0-9A-Za-z_])",),
    ),
    (
        "Bitbucket Repository Access Token",
        ("atctt3xffgn0",),
        ("(?P<value>ATCTT3xFfGN0[0-9A-Za-z_-]{80,800}(\\\\?=|(%|\\\\u00)3[dD])[A-F0-9]{8})",),
    ),
    (
        "Bitbucket HTTP Access Token",
        ("bbdc-",),
        ("(?P<value>BBDC-[MNO][ADQTgjwz][AEIMQUYcgk][012345wxyz][0-9A-Za-z_-]{40})",),
    ),
    (
        "Jira / Confluence PAT token",
        ("m", "n", "o"),
        ("(?<!BBDC-)(?P<value>[MNO][ADQTgjwz][AEIMQUYcgk][012345wxyz][0-9A-Za-z_-]{40})(?![0-9A-Za-z_-])",),
    ),
    (
        "Atlassian PAT token",
        ("atatt3xffgf0",),
        ("(?P<value>ATATT3xFfGF0[0-9A-Za-z_-]{80,800}(\\\\?=|(%|\\\\u00)3[dD])[A-F0-9]{8})",),
    ),
    (
        "CircleCI Personal API Token",
        ("ccipat_",),
        ("(?P<value>CCIPAT_[0-9A-Za-z]{22}_[0-9a-f]{40})",),
    ),
    (
        "Digital Ocean Token",
        ("doo_v1_", "dop_v1_", "dor_v1_", "dos_v1_"),
        ("(?P<value>do[oprs]_v1_[a-f0-9]{64})(?![0-9A-Za-z_-])",),
    ),
    (
        "Dropbox OAuth2 API Access Token",
        ("sl.",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>sl\\.(u\\.)?[0-9A-Za-z_-]{77,177})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "NuGet API key",
        ("oy2",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>oy2[a-z0-9]{43})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Gitlab Prefix Token",
        (
            "_gitlab_session=",
            "gr1348941",
            "glagent-",
            "glsoat-",
            "glffct-",
            "glpat-",
            "gloas-",
            "glptt-",
            "glcbt-",
            "glimt-",
            "gldt-",
            "glft-",
            "glrt-",
            "glrtr-",
            "glwt-",
        ),
        (
            "(?P<value>(_gitlab_session=|GR1348941|gl(agent|soat|ffct|p[at]t|oas|cbt|imt|rtr|[dfrw]t)-)[0-9A-Za-z_-]{20,64}(\\.[0-9A-Za-z_-]{2,16}){0,2})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Grafana Provisioned API Key",
        ("eyj",),
        ("(?P<value>eyJ[=0-9A-Za-z_-]{64,360})(?![=0-9A-Za-z_-])",),
    ),
    (
        "Grafana Access Policy Token",
        ("glc_eyj",),
        ("(?P<value>glc_eyJ[0-9A-Za-z_-]{80,360})(?![0-9A-Za-z_-])",),
    ),
    (
        "Grafana Service Account Token",
        ("glsa_",),
        ("(?P<value>glsa_[0-9A-Za-z_-]{32}_[0-9A-Fa-f]{8})",),
    ),
    (
        "Dropbox API secret (long term)",
        ("aaaaaaaaaa",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?=[0-9A-Za-z]{64})(?P<value>[0-9A-Za-z]{10,12}[B-Za-z0-9]A{10,12}[B-Za-z0-9][0-9A-Za-z]{40,44})(?![=0-9A-Za-z_/+-])",
        ),
    ),
    (
        "X App-Only Authentication Bearer Token",
        ("aaaaaaaaaaaaaaaaaaaaa",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>AAAAAAAAAAAAAAAAAAAAA[0-9A-Za-z%]{40,42}(%|\\\\u00)3[dD][0-9A-Za-z]{50})(?![=0-9A-Za-z_/+-])",
        ),
    ),
    (
        "PlanetScale Credentials",
        ("pscale_",),
        ("(?P<value>pscale_(tkn|oauth|pw)_[.0-9A-Za-z_-]{32,64})",),
    ),
    (
        "NewRelic Credentials",
        ("nrak-", "nrbr-", "nrii-", "nrjs-", "nral"),
        (
            "(?P<value>NRAK-[0-9A-Z]{27}|NRBR-[0-9a-f]{19,20}|NRII-[0-9A-Za-z_-]{25}|NRJS-[0-9a-z]{19}|[0-9a-z]{5}[0-9a-f]{31}NRAL)",
        ),
    ),
    (
        "Linear API Key",
        ("lin_api_",),
        ("(?P<value>lin_api_[0-9A-Za-z]{40})",),
    ),
    (
        "CloudFlare API Token",
        ("cfat_", "cfut_", "cfk_"),
        ("(?P<value>cf(at|ut|k)_[0-9A-Za-z]{40}[0-9a-f]{8})",),
    ),
    (
        "Age Secret Key",
        ("age-secret-key-1",),
        ("(?P<value>AGE-SECRET-KEY-1[0-9A-Z]{58})",),
    ),
    (
        "Hashicorp Vault Token",
        ("hvb.", "hvr.", "hvs."),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>hv[brs]\\.[0-9A-Za-z_-]{80,160})",
        ),
    ),
    (
        "Hashicorp Terraform Token",
        (".atlasv1.",),
        ("(?P<value>[0-9A-Za-z_-]{14}\\.atlasv1\\.[0-9A-Za-z_-]{67})(?![0-9A-Za-z_-])",),
    ),
    (
        "Airtable API Key",
        ("pat",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>pat[0-9A-Za-z]{14}\\.[0-9a-f]{64})(?![=0-9A-Za-z_+-])",
        ),
    ),
    (
        "NKEY Seed",
        ("sa", "sc", "sn", "so", "sp", "su", "sx"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>S[ACNOPUX][A-Z2-7]{40,200})(?![=0-9A-Za-z_+-])",
        ),
    ),
    (
        "OpenAI Token",
        ("t3blbkfj", "9wzw5bs", "pcgvuqu"),
        ("(?P<value>sk-[0-9A-Za-z_-]{16,160}(T3BlbkFJ|9wZW5BS|PcGVuQU)[0-9A-Za-z_-]{16,160})",),
    ),
    (
        "OpenRouter API Key",
        ("sk-or-v1-",),
        ("(?P<value>sk-or-v1-[0-9a-f]{64})",),
    ),
    (
        "Docker Access Token",
        ("dckr_pat_", "dckr_oat_"),
        ("(?P<value>dckr_[op]at_[0-9A-Za-z_-]{27,32})",),
    ),
    (
        "Docker Swarm Token",
        ("swmtkn-1-",),
        ("(?P<value>SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25})",),
    ),
    (
        "Docker Swarm Key",
        ("swmkey-1-",),
        ("(?P<value>SWMKEY-1-[0-9A-Za-z]{43})",),
    ),
    (
        "Groq API Key",
        ("wgdyb3fy", "hncm9xw", "yz3jvcv"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>gsk_[0-9A-Za-z_-]{8,40}(WGdyb3FY|hncm9xW|YZ3JvcV)[0-9A-Za-z_-]{8,40})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "X AI API Key",
        ("xai-",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>xai-[0-9A-Za-z_-]{80})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Composio Credentials",
        ("ak_", "ck_"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>(?:[ou]?a|c)k_[0-9A-Za-z_-]{16,80})",
        ),
    ),
    (
        "Notion Integration Token",
        ("ntn_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>ntn_[0-9]{9}[0-9A-Za-z_-]{36,255})",
        ),
    ),
    (
        "Hugging Face User Access Token",
        ("hf_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>hf_[0-9A-Za-z_-]{34})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Anthropic API Key",
        ("sk-ant-",),
        ("(?P<value>sk-ant-(api|admin)0[1-4]-[0-9A-Za-z_-]{64,128})(?![0-9A-Za-z_-])",),
    ),
    (
        "Perplexity API Key",
        ("pplx-",),
        ("(?P<value>pplx-[0-9A-Za-z_-]{40,64})(?![0-9A-Za-z_-])",),
    ),
    (
        "Tailscale Credentials",
        ("tskey-",),
        ("(?P<value>tskey-(api|auth|client|scim|webhook)-[0-9A-Za-z]{12,24}-[0-9A-Za-z]{32})",),
    ),
    (
        "Contentful Credentials",
        ("cfpat-",),
        ("(?P<value>CFPAT-[0-9A-Za-z_-]{43})(?![0-9A-Za-z_-])",),
    ),
    (
        "Pulumi Personal Access Token",
        ("pul-",),
        ("(?P<value>pul-[0-9a-f]{40})",),
    ),
    (
        "DeepSeek API Key",
        ("sk-",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>sk-[0-9a-f]{32,64})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Tavily API Key",
        ("tvly-",),
        ("(?P<value>tvly-[0-9A-Za-z_-]{32,40})(?![0-9A-Za-z_-])",),
    ),
    (
        "Figma Personal Access Token",
        ("figd_",),
        ("(?P<value>figd_[0-9A-Za-z_-]{40})(?![0-9A-Za-z_-])",),
    ),
    (
        "1Password Account Token",
        ("innly3jldetlesi6", "jzzwnyzxrlzxkio", "ic2vjcmv0s2v5ij"),
        ("(?P<value>ops_eyJ[0-9A-Za-z_-]{168,8000})",),
    ),
    (
        "Brevo API Key",
        ("xkeysib-",),
        ("(?P<value>xkeysib-[0-9a-f]{64}-[0-9A-Za-z_-]{16})",),
    ),
    (
        "Together AI API Key",
        ("tgp_v1_",),
        ("(?P<value>tgp_v1_[0-9A-Za-z_-]{43})",),
    ),
    (
        "LLAMA API Key",
        ("llx-",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>llx-[0-9A-Za-z_-]{48})",
        ),
    ),
    (
        "SonarQube Credentials",
        ("sqa_", "sqp_", "squ_"),
        ("(?P<value>sq[apu]_[0-9a-f]{40})(?![0-9A-Za-z_-])",),
    ),
    (
        "Sentry Organization Auth Token",
        ("sntrys_eyj",),
        ("(?P<value>sntrys_eyJ[0-9A-Za-z_-]{80,8000}=*([0-9A-Za-z_-]{32,256})?)(?![0-9A-Za-z_-])",),
    ),
    (
        "Sentry User Auth Token",
        ("sntryu_",),
        ("(?P<value>sntryu_[0-9a-f]{64})(?![0-9A-Za-z_-])",),
    ),
    (
        "Discord Bot Token",
        ("m", "n", "o"),
        (
            "(?P<value>[MNO][ADQTgjwz][AEIMQUYcgk][012345wxyz][0-9A-Za-z_-]{20,24}\\.[0-9A-Za-z_-]{6}\\.[0-9A-Za-z_-]{30,40})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Discord Webhook",
        ("discordapp.com/api/webhooks", "discord.com/api/webhooks"),
        ("(?P<variable>discord(?:app)?\\.com/api/webhooks)(?P<value>/[0-9]{16,22}/[0-9A-Za-z_-]{40,100})",),
    ),
    (
        "Nylas API Key",
        ("nyk_v0_",),
        ("(?P<value>nyk_v0_[0-9A-Za-z_-]{64})",),
    ),
    (
        "WakaTime API Key",
        ("waka_",),
        ("(?P<value>waka_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",),
    ),
    (
        "Riot Games API Key",
        ("rgapi-",),
        ("(?P<value>RGAPI-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",),
    ),
    (
        "SourceGraph Credentials",
        ("sgp_",),
        ("(?P<value>sgp_(local_|[0-9a-f]{16}_)?[0-9a-f]{40})",),
    ),
    (
        "Typeform API Personal Token",
        ("tfp_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>tfp_[0-9A-Za-z_-]{56,60})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Vercel Token",
        ("vcp_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>vcp_[0-9A-Za-z]{56})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "Netlify Token",
        ("nfp_",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>nfp_[0-9A-Za-z]{36})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "PostHog Credentials",
        ("phx_", "phs_", "phr_", "pha_", "phc_"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>ph[acrsx]_[0-9A-Za-z]{40,60})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "RubyGems API Key",
        ("rubygems_",),
        ("(?P<value>rubygems_[0-9a-f]{48})",),
    ),
    (
        "Databricks Access Token",
        ("dapi",),
        ("(?P<value>dapi[0-9a-f]{32})",),
    ),
    (
        "Tencent WeChat API App ID",
        ("wx",),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>wx[0-9a-f]{16})(?![0-9A-Za-z_-])",
        ),
    ),
    (
        "WunderGraph API Key",
        ("cosmo_",),
        ("(?P<value>cosmo_[0-9a-f]{32})",),
    ),
    (
        "Supabase Credentials",
        ("sbp_",),
        ("(?P<value>sbp_(v0_)?[0-9a-f]{40})",),
    ),
    (
        "Salesforce Credentials",
        ("3mvg", "00d"),
        (
            "(?:^|/|[^\\\\0-9A-Za-z+_-]|\\\\[0abfnrtv]|(?:%|\\\\x)[0-9A-Fa-f]{2}|\\\\[0-7]{3}|\\\\[Uu][0-9A-Fa-f]{4}|\\x1B\\[[0-9;]{0,80}m)(?P<value>(3MVG[0-9A-Za-z_.]{24,200}|00D[0-9A-Za-z]{9,15}(![0-9A-Za-z_.]{24,200})?))(?![0-9A-Za-z_.])",
        ),
    ),
    (
        "Postman Credentials",
        ("pmak-", "pmat-"),
        ("(?P<value>(PMAK-[0-9a-f]{24}-[0-9a-f]{34}|PMAT-[0-9A-Z]{26}))",),
    ),
    (
        "NTLM Token",
        ("tlrmtvntuaa",),
        ("(?P<value>TlRMTVNTUAA[BCD]AAAA[=0-9A-Za-z_/+-]{28,8000})(?![0-9A-Za-z_/+-])",),
    ),
    (
        "Basic Authorization",
        ("basic",),
        ("(?P<variable>(?i:basic))(?P<separator>\\s+)(?P<value>[=0-9A-Za-z_/+-]{8,8000})(?![0-9A-Za-z_/+-])",),
    ),
    (
        "Bearer Authorization",
        ("bearer", "ntlm"),
        ("(?P<variable>(?i:bearer|ntlm))(?P<separator>\\s+)(?P<value>[.0-9A-Za-z_/+-]{32,8000}=*)(?![0-9A-Za-z_/+-])",),
    ),
    (
        "1password-secret-key",
        ("a3-",),
        ("(?P<value>\\bA3-[A-Z0-9]{6}-(?:(?:[A-Z0-9]{11})|(?:[A-Z0-9]{6}-[A-Z0-9]{5}))-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}\\b)",),
    ),
    (
        "1password-service-account-token",
        ("ops_",),
        ("(?P<value>ops_eyJ[a-zA-Z0-9+/]{250,}={0,3})",),
    ),
    (
        "adobe-client-secret",
        ("p8e-",),
        ("\\b(?P<value>p8e-(?i:[a-z0-9]{32}))(?![0-9A-Za-z])",),
    ),
    (
        "age-secret-key",
        ("age-secret-key-1",),
        ("(?P<value>AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})",),
    ),
    (
        "airtable-personnal-access-token",
        ("airtable",),
        ("\\b(?P<value>pat[0-9A-Za-z]{14}\\.[a-f0-9]{64})\\b",),
    ),
    (
        "alibaba-access-key-id",
        ("ltai",),
        ("\\b(?P<value>LTAI(?i:[a-z0-9]{20}))(?![0-9A-Za-z])",),
    ),
    (
        "anthropic-admin-api-key",
        ("sk-ant-admin01",),
        ("\\b(?P<value>sk-ant-admin01-[a-zA-Z0-9_\\-]{93}AA)(?![0-9A-Za-z])",),
    ),
    (
        "anthropic-api-key",
        ("sk-ant-api03",),
        ("\\b(?P<value>sk-ant-api03-[a-zA-Z0-9_\\-]{93}AA)(?![0-9A-Za-z])",),
    ),
    (
        "artifactory-api-key",
        ("akcp",),
        ("(?P<value>\\bAKCp[A-Za-z0-9]{69}\\b)",),
    ),
    (
        "artifactory-reference-token",
        ("cmvmd",),
        ("(?P<value>\\bcmVmd[A-Za-z0-9]{59}\\b)",),
    ),
    (
        "authress-service-client-access-key",
        ("sc_", "ext_", "scauth_", "authress_"),
        (
            "\\b(?P<value>(?:sc|ext|scauth|authress)_(?i:[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.(?-i:acc)[_-][a-z0-9-]{10,32}\\.[a-z0-9+/_=-]{30,120}))(?![0-9A-Za-z])",
        ),
    ),
    (
        "aws-access-token",
        ("a3t", "akia", "asia", "abia", "acca"),
        ("\\b(?P<value>(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\\b",),
    ),
    (
        "aws-amazon-bedrock-api-key-long-lived",
        ("absk",),
        ("\\b(?P<value>ABSK[A-Za-z0-9+/]{109,269}={0,2})(?![0-9A-Za-z])",),
    ),
    (
        "aws-amazon-bedrock-api-key-short-lived",
        ("bedrock-api-key-",),
        ("(?P<value>bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t)",),
    ),
    (
        "azure-ad-client-secret",
        ("q~",),
        ("(?:^|[\\\\'\"\\x60\\s>=:(,)])(?P<value>[a-zA-Z0-9_~.]{3}\\dQ~[a-zA-Z0-9_~.-]{31,34})(?:$|[\\\\'\"\\x60\\s<),])",),
    ),
    (
        "clickhouse-cloud-api-secret-key",
        ("4b1d",),
        ("\\b(?P<value>4b1d[A-Za-z0-9]{38})\\b",),
    ),
    (
        "clojars-api-token",
        ("clojars_",),
        ("(?i)(?P<value>CLOJARS_[a-z0-9]{60})",),
    ),
    (
        "cloudflare-origin-ca-key",
        ("cloudflare", "v1.0-"),
        ("\\b(?P<value>v1\\.0-[a-f0-9]{24}-[a-f0-9]{146})(?![0-9A-Za-z])",),
    ),
    (
        "databricks-api-token",
        ("dapi",),
        ("\\b(?P<value>dapi[a-f0-9]{32}(?:-\\d)?)(?![0-9A-Za-z])",),
    ),
    (
        "digitalocean-access-token",
        ("doo_v1_",),
        ("\\b(?P<value>doo_v1_[a-f0-9]{64})(?![0-9A-Za-z])",),
    ),
    (
        "digitalocean-pat",
        ("dop_v1_",),
        ("\\b(?P<value>dop_v1_[a-f0-9]{64})(?![0-9A-Za-z])",),
    ),
    (
        "digitalocean-refresh-token",
        ("dor_v1_",),
        ("(?i)\\b(?P<value>dor_v1_[a-f0-9]{64})(?![0-9A-Za-z])",),
    ),
    (
        "doppler-api-token",
        ("dp.pt.",),
        ("(?P<value>dp\\.pt\\.(?i:[a-z0-9]{43}))",),
    ),
    (
        "duffel-api-token",
        ("duffel_",),
        ("(?P<value>duffel_(?:test|live)_(?i:[a-z0-9_\\-=]{43}))",),
    ),
    (
        "dynatrace-api-token",
        ("dt0c01.",),
        ("(?P<value>dt0c01\\.(?i:[a-z0-9]{24}\\.[a-z0-9]{64}))",),
    ),
    (
        "easypost-api-token",
        ("ezak",),
        ("(?P<value>\\bEZAK(?i:[a-z0-9]{54}\\b))",),
    ),
    (
        "easypost-test-api-token",
        ("eztk",),
        ("(?P<value>\\bEZTK(?i:[a-z0-9]{54}\\b))",),
    ),
    (
        "facebook-access-token",
        ("facebook",),
        ("(?i)\\b(?P<value>\\d{15,16}(\\||%)[0-9a-z\\-_]{27,40})(?![0-9A-Za-z])",),
    ),
    (
        "facebook-page-access-token",
        ("eaam", "eaac"),
        ("\\b(?P<value>EAA[MC](?i:[a-z0-9]{100,}))(?![0-9A-Za-z])",),
    ),
    (
        "flutterwave-encryption-key",
        ("flwseck_test",),
        ("(?P<value>FLWSECK_TEST-(?i:[a-h0-9]{12}))",),
    ),
    (
        "flutterwave-public-key",
        ("flwpubk_test",),
        ("(?P<value>FLWPUBK_TEST-(?i:[a-h0-9]{32}-X))",),
    ),
    (
        "flutterwave-secret-key",
        ("flwseck_test",),
        ("(?P<value>FLWSECK_TEST-(?i:[a-h0-9]{32}-X))",),
    ),
    (
        "flyio-access-token",
        ("fo1_", "fm1", "fm2_"),
        ("\\b(?P<value>(?:fo1_[\\w-]{43}|fm1[ar]_[a-zA-Z0-9+\\/]{100,}={0,3}|fm2_[a-zA-Z0-9+\\/]{100,}={0,3}))(?![0-9A-Za-z])",),
    ),
    (
        "frameio-api-token",
        ("fio-u-",),
        ("(?P<value>fio-u-(?i:[a-z0-9\\-_=]{64}))",),
    ),
    (
        "freemius-secret-key",
        ("secret_key",),
        ("(?i)[\"']secret_key[\"']\\s*=>\\s*[\"'](?P<value>sk_[\\S]{29})[\"']",),
    ),
    (
        "gcp-api-key",
        ("aiza",),
        ("\\b(?P<value>AIza[\\w-]{35})(?![0-9A-Za-z])",),
    ),
    (
        "github-app-token",
        ("ghu_", "ghs_"),
        ("(?P<value>(?:ghu|ghs)_[0-9a-zA-Z]{36})",),
    ),
    (
        "github-fine-grained-pat",
        ("github_pat_",),
        ("(?P<value>github_pat_\\w{82})",),
    ),
    (
        "github-oauth",
        ("gho_",),
        ("(?P<value>gho_[0-9a-zA-Z]{36})",),
    ),
    (
        "github-pat",
        ("ghp_",),
        ("(?P<value>ghp_[0-9a-zA-Z]{36})",),
    ),
    (
        "github-refresh-token",
        ("ghr_",),
        ("(?P<value>ghr_[0-9a-zA-Z]{36})",),
    ),
    (
        "gitlab-cicd-job-token",
        ("glcbt-",),
        ("(?P<value>glcbt-[0-9a-zA-Z]{1,5}_[0-9a-zA-Z_-]{20})",),
    ),
    (
        "gitlab-deploy-token",
        ("gldt-",),
        ("(?P<value>gldt-[0-9a-zA-Z_\\-]{20})",),
    ),
    (
        "gitlab-feature-flag-client-token",
        ("glffct-",),
        ("(?P<value>glffct-[0-9a-zA-Z_\\-]{20})",),
    ),
    (
        "gitlab-feed-token",
        ("glft-",),
        ("(?P<value>glft-[0-9a-zA-Z_\\-]{20})",),
    ),
    (
        "gitlab-incoming-mail-token",
        ("glimt-",),
        ("(?P<value>glimt-[0-9a-zA-Z_\\-]{25})",),
    ),
    (
        "gitlab-kubernetes-agent-token",
        ("glagent-",),
        ("(?P<value>glagent-[0-9a-zA-Z_\\-]{50})",),
    ),
    (
        "gitlab-oauth-app-secret",
        ("gloas-",),
        ("(?P<value>gloas-[0-9a-zA-Z_\\-]{64})",),
    ),
    (
        "gitlab-pat",
        ("glpat-",),
        ("(?P<value>glpat-[\\w-]{20})",),
    ),
    (
        "gitlab-pat-routable",
        ("glpat-",),
        ("(?P<value>\\bglpat-[0-9a-zA-Z_-]{27,300}\\.[0-9a-z]{2}[0-9a-z]{7}\\b)",),
    ),
    (
        "gitlab-ptt",
        ("glptt-",),
        ("(?P<value>glptt-[0-9a-f]{40})",),
    ),
    (
        "gitlab-rrt",
        ("gr1348941",),
        ("(?P<value>GR1348941[\\w-]{20})",),
    ),
    (
        "gitlab-runner-authentication-token",
        ("glrt-",),
        ("(?P<value>glrt-[0-9a-zA-Z_\\-]{20})",),
    ),
    (
        "gitlab-runner-authentication-token-routable",
        ("glrt-",),
        ("(?P<value>\\bglrt-t\\d_[0-9a-zA-Z_\\-]{27,300}\\.[0-9a-z]{2}[0-9a-z]{7}\\b)",),
    ),
    (
        "gitlab-scim-token",
        ("glsoat-",),
        ("(?P<value>glsoat-[0-9a-zA-Z_\\-]{20})",),
    ),
    (
        "gitlab-session-cookie",
        ("_gitlab_session=",),
        ("(?P<value>_gitlab_session=[0-9a-z]{32})",),
    ),
    (
        "grafana-api-key",
        ("eyjrijoi",),
        ("(?i)\\b(?P<value>eyJrIjoi[A-Za-z0-9]{70,400}={0,3})(?![0-9A-Za-z])",),
    ),
    (
        "grafana-cloud-api-token",
        ("glc_",),
        ("(?i)\\b(?P<value>glc_[A-Za-z0-9+/]{32,400}={0,3})(?![0-9A-Za-z])",),
    ),
    (
        "grafana-service-account-token",
        ("glsa_",),
        ("(?i)\\b(?P<value>glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})(?![0-9A-Za-z])",),
    ),
    (
        "harness-api-key",
        ("pat.", "sat."),
        ("(?P<value>(?:pat|sat)\\.[a-zA-Z0-9_-]{22}\\.[a-zA-Z0-9]{24}\\.[a-zA-Z0-9]{20})",),
    ),
    (
        "hashicorp-tf-api-token",
        ("atlasv1",),
        ("(?i)(?P<value>[a-z0-9]{14}\\.(?-i:atlasv1)\\.[a-z0-9\\-_=]{60,70})",),
    ),
    (
        "heroku-api-key-v2",
        ("hrku-aa",),
        ("\\b(?P<value>(HRKU-AA[0-9a-zA-Z_-]{58}))(?![0-9A-Za-z])",),
    ),
    (
        "huggingface-access-token",
        ("hf_",),
        ("\\b(?P<value>hf_(?i:[a-z]{34}))(?![0-9A-Za-z])",),
    ),
    (
        "huggingface-organization-api-token",
        ("api_org_",),
        ("\\b(?P<value>api_org_(?i:[a-z]{34}))(?![0-9A-Za-z])",),
    ),
    (
        "infracost-api-token",
        ("ico-",),
        ("\\b(?P<value>ico-[a-zA-Z0-9]{32})(?![0-9A-Za-z])",),
    ),
    (
        "intra42-client-secret",
        ("intra", "s-s4t2ud-", "s-s4t2af-"),
        ("\\b(?P<value>s-s4t2(?:ud|af)-(?i:[abcdef0123456789]{64}))(?![0-9A-Za-z])",),
    ),
    (
        "linear-api-key",
        ("lin_api_",),
        ("(?P<value>lin_api_(?i:[a-z0-9]{40}))",),
    ),
    (
        "maxmind-license-key",
        ("_mmk",),
        ("\\b(?P<value>[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk)(?![0-9A-Za-z])",),
    ),
    (
        "notion-api-token",
        ("ntn_",),
        ("\\b(?P<value>ntn_[0-9]{11}[A-Za-z0-9]{32}[A-Za-z0-9]{3})(?![0-9A-Za-z])",),
    ),
    (
        "npm-access-token",
        ("npm_",),
        ("(?i)\\b(?P<value>npm_[a-z0-9]{36})(?![0-9A-Za-z])",),
    ),
    (
        "octopus-deploy-api-key",
        ("api-",),
        ("\\b(?P<value>API-[A-Z0-9]{26})(?![0-9A-Za-z])",),
    ),
    (
        "openai-api-key",
        ("t3blbkfj",),
        (
            "\\b(?P<value>sk-(?:proj|svcacct|admin)-(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})T3BlbkFJ(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})\\b|sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20})(?![0-9A-Za-z])",
        ),
    ),
    (
        "openshift-user-token",
        ("sha256~",),
        ("\\b(?P<value>sha256~[\\w-]{43})(?:[^\\w-]|\\Z)",),
    ),
    (
        "perplexity-api-key",
        ("pplx-",),
        ("\\b(?P<value>pplx-[a-zA-Z0-9]{48})(?:[\\x60'\"\\s;]|\\\\[nr]|$|\\b)",),
    ),
    (
        "planetscale-api-token",
        ("pscale_tkn_",),
        ("\\b(?P<value>pscale_tkn_(?i:[\\w=\\.-]{32,64}))(?![0-9A-Za-z])",),
    ),
    (
        "planetscale-oauth-token",
        ("pscale_oauth_",),
        ("\\b(?P<value>pscale_oauth_[\\w=\\.-]{32,64})(?![0-9A-Za-z])",),
    ),
    (
        "planetscale-password",
        ("pscale_pw_",),
        ("(?i)\\b(?P<value>pscale_pw_(?i:[\\w=\\.-]{32,64}))(?![0-9A-Za-z])",),
    ),
    (
        "postman-api-token",
        ("pmak-",),
        ("\\b(?P<value>PMAK-(?i:[a-f0-9]{24}\\-[a-f0-9]{34}))(?![0-9A-Za-z])",),
    ),
    (
        "prefect-api-token",
        ("pnu_",),
        ("\\b(?P<value>pnu_[a-zA-Z0-9]{36})(?![0-9A-Za-z])",),
    ),
    (
        "pulumi-api-token",
        ("pul-",),
        ("\\b(?P<value>pul-[a-f0-9]{40})(?![0-9A-Za-z])",),
    ),
    (
        "pypi-upload-token",
        ("pypi-ageichlwas5vcmc",),
        ("(?P<value>pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000})",),
    ),
    (
        "readme-api-token",
        ("rdme_",),
        ("\\b(?P<value>rdme_[a-z0-9]{70})(?![0-9A-Za-z])",),
    ),
    (
        "rubygems-api-token",
        ("rubygems_",),
        ("\\b(?P<value>rubygems_[a-f0-9]{48})(?![0-9A-Za-z])",),
    ),
    (
        "scalingo-api-token",
        ("tk-us-",),
        ("\\b(?P<value>tk-us-[\\w-]{48})(?![0-9A-Za-z])",),
    ),
    (
        "sendgrid-api-token",
        ("sg.",),
        ("\\b(?P<value>SG\\.(?i:[a-z0-9=_\\-\\.]{66}))(?![0-9A-Za-z])",),
    ),
    (
        "sendinblue-api-token",
        ("xkeysib-",),
        ("\\b(?P<value>xkeysib-[a-f0-9]{64}\\-(?i:[a-z0-9]{16}))(?![0-9A-Za-z])",),
    ),
    (
        "sentry-org-token",
        ("sntrys_eyjpyxqio",),
        (
            "(?P<value>\\bsntrys_eyJpYXQiO[a-zA-Z0-9+/]{10,200}(?:LCJyZWdpb25fdXJs|InJlZ2lvbl91cmwi|cmVnaW9uX3VybCI6)[a-zA-Z0-9+/]{10,200}={0,2}_[a-zA-Z0-9+/]{43}(?![0-9A-Za-z]))",
        ),
    ),
    (
        "sentry-user-token",
        ("sntryu_",),
        ("\\b(?P<value>sntryu_[a-f0-9]{64})(?![0-9A-Za-z])",),
    ),
    (
        "settlemint-application-access-token",
        ("sm_aat",),
        ("\\b(?P<value>sm_aat_[a-zA-Z0-9]{16})(?![0-9A-Za-z])",),
    ),
    (
        "settlemint-personal-access-token",
        ("sm_pat",),
        ("\\b(?P<value>sm_pat_[a-zA-Z0-9]{16})(?![0-9A-Za-z])",),
    ),
    (
        "settlemint-service-access-token",
        ("sm_sat",),
        ("\\b(?P<value>sm_sat_[a-zA-Z0-9]{16})(?![0-9A-Za-z])",),
    ),
    (
        "shippo-api-token",
        ("shippo_",),
        ("\\b(?P<value>shippo_(?:live|test)_[a-fA-F0-9]{40})(?![0-9A-Za-z])",),
    ),
    (
        "shopify-access-token",
        ("shpat_",),
        ("(?P<value>shpat_[a-fA-F0-9]{32})",),
    ),
    (
        "shopify-custom-access-token",
        ("shpca_",),
        ("(?P<value>shpca_[a-fA-F0-9]{32})",),
    ),
    (
        "shopify-private-app-access-token",
        ("shppa_",),
        ("(?P<value>shppa_[a-fA-F0-9]{32})",),
    ),
    (
        "shopify-shared-secret",
        ("shpss_",),
        ("(?P<value>shpss_[a-fA-F0-9]{32})",),
    ),
    (
        "slack-app-token",
        ("xapp",),
        ("(?i)(?P<value>xapp-\\d-[A-Z0-9]+-\\d+-[a-z0-9]+)",),
    ),
    (
        "slack-bot-token",
        ("xoxb",),
        ("(?P<value>xoxb-[0-9]{10,13}-[0-9]{10,13}[a-zA-Z0-9-]*)",),
    ),
    (
        "slack-config-access-token",
        ("xoxe.xoxb-", "xoxe.xoxp-"),
        ("(?i)(?P<value>xoxe.xox[bp]-\\d-[A-Z0-9]{163,166})",),
    ),
    (
        "slack-config-refresh-token",
        ("xoxe-",),
        ("(?i)(?P<value>xoxe-\\d-[A-Z0-9]{146})",),
    ),
    (
        "slack-legacy-bot-token",
        ("xoxb",),
        ("(?P<value>xoxb-[0-9]{8,14}-[a-zA-Z0-9]{18,26})",),
    ),
    (
        "slack-legacy-token",
        ("xoxo", "xoxs"),
        ("(?P<value>xox[os]-\\d+-\\d+-\\d+-[a-fA-F\\d]+)",),
    ),
    (
        "slack-legacy-workspace-token",
        ("xoxa", "xoxr"),
        ("(?P<value>xox[ar]-(?:\\d-)?[0-9a-zA-Z]{8,48})",),
    ),
    (
        "slack-user-token",
        ("xoxp-", "xoxe-"),
        ("(?P<value>xox[pe](?:-[0-9]{10,13}){3}-[a-zA-Z0-9-]{28,34})",),
    ),
    (
        "sourcegraph-access-token",
        ("sgp_", "sourcegraph"),
        (
            "(?i)\\b(?P<value>\\b(sgp_(?:[a-fA-F0-9]{16}|local)_[a-fA-F0-9]{40}|sgp_[a-fA-F0-9]{40}|[a-fA-F0-9]{40})\\b)(?![0-9A-Za-z])",
        ),
    ),
    (
        "square-access-token",
        ("sq0atp-", "eaaa"),
        ("\\b(?P<value>(?:EAAA|sq0atp-)[\\w-]{22,60})(?![0-9A-Za-z])",),
    ),
    (
        "stripe-access-token",
        ("sk_test", "sk_live", "sk_prod", "rk_test", "rk_live", "rk_prod"),
        ("\\b(?P<value>(?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99})(?![0-9A-Za-z])",),
    ),
    (
        "twilio-api-key",
        ("sk",),
        ("(?P<value>SK[0-9a-fA-F]{32})",),
    ),
    (
        "vault-batch-token",
        ("hvb.",),
        ("\\b(?P<value>hvb\\.[\\w-]{138,300})(?![0-9A-Za-z])",),
    ),
    (
        "vault-service-token",
        ("hvs.", "s."),
        ("\\b(?P<value>(?:hvs\\.[\\w-]{90,120}|s\\.(?i:[a-z0-9]{24})))(?![0-9A-Za-z])",),
    ),
)
