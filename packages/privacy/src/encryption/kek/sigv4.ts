import { createHash, createHmac } from 'node:crypto'

/** What signs requests to AWS. */
export type AwsCredentials = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }

/** A request before it is signed. `headers` as they are sent, in any case; values of repeated ones in their order. */
export type SigV4Request = {
  readonly method: string
  readonly url: URL
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** RFC 3986: only letters, digits and `-._~` stay as they are. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const canonicalQuery = (url: URL): string =>
  [...url.searchParams]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .toSorted(([a, x], [b, y]) => byCode(a, b) || byCode(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

/** `20150830T123600Z` */
export const amzDate = (now: number): string => new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')

/**
 * The Authorization header of a request, by AWS Signature Version 4. All headers given are signed; `host` and `x-amz-date`
 * must be among them. Paths of services other than S3 are encoded once more, which plain ones do not show.
 * Source: AWS General Reference, "Create a signed AWS API request".
 */
export const signV4 = (
  request: SigV4Request,
  scope: { readonly region: string; readonly service: string; readonly credentials: AwsCredentials; readonly now: number },
): string => {
  const values = new Map<string, string[]>()
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), value.trim().replaceAll(/ +/g, ' ')])
  }
  const names = [...values.keys()].toSorted(byCode)
  const signedHeaders = names.join(';')
  const canonical = [
    request.method,
    request.url.pathname.split('/').map(encode).join('/'),
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${(values.get(name) ?? []).join(',')}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n')
  const stamp = amzDate(scope.now)
  const day = stamp.slice(0, 8)
  const { region, service, credentials } = scope
  const place = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${place}\n${sha256(canonical)}`).toString('hex')
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${signedHeaders}, Signature=${signature}`
}
