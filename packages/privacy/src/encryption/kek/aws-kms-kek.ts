import { type Clock, ParapetError, systemClock } from '@parapet/core'
import type { KekProvider } from '../types.js'
import { postRemote, quoteRemote, readAnswer, readServiceUrl, type RemoteAnswer, type RemoteDeps } from './remote.js'
import { amzDate, type AwsCredentials, signV4 } from './sigv4.js'

type Env = Readonly<Record<string, string | undefined>>

const ARN = /^arn:(aws|aws-cn|aws-us-gov):kms:([a-z0-9-]{1,32}):\d{12}:(?:key|alias)\/[A-Za-z0-9/_-]{1,256}$/
const BASE64 = /^[A-Za-z0-9+/]{16,8192}={0,2}$/

/** KMS answers 400 when it throttles; what it calls a failure of its own may pass as well. */
const PASSING = new Set([
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'KMSInternalException',
  'DependencyTimeoutException',
  'KeyUnavailableException',
])

/** `com.amazonaws.kms#ThrottlingException` as `ThrottlingException`. */
const errorType = ({ text }: RemoteAnswer): string => {
  const found = /"__type"\s*:\s*"(?:[A-Za-z0-9.]*#)?([A-Za-z]{1,64})"/.exec(text)
  return found?.[1] ?? ''
}

const tryAgain = (answer: RemoteAnswer): boolean =>
  answer.status === 429 || answer.status >= 500 || (answer.status === 400 && PASSING.has(errorType(answer)))

const readCredentials = (env: Env, uri: string): AwsCredentials => {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '', AWS_SESSION_TOKEN: sessionToken = '' } = env
  if (accessKeyId === '' || secretAccessKey === '')
    throw new ParapetError(
      'PPT_KEK',
      `${uri} takes its credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are not both set`,
    )
  if (![accessKeyId, secretAccessKey, sessionToken].every((text) => /^[\x21-\x7e]*$/.test(text)))
    throw new ParapetError('PPT_KEK', 'the AWS credentials hold what none do: a space or a line break')
  return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
}

/**
 * A KEK in AWS KMS: `aws-kms:arn:aws:kms:REGION:ACCOUNT:key/ID`. Speaks the JSON 1.1 protocol itself, signed with the
 * credentials of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN); AWS_ENDPOINT_URL_KMS names
 * another endpoint. The context of a key is its encryption context, `parapet`, which KMS binds and writes into CloudTrail.
 * Every method throws PPT_KEK with the status and the name of the AWS error.
 */
export const createAwsKmsKek = (arn: string, env: Env, deps: RemoteDeps & { readonly clock?: Clock } = {}): KekProvider => {
  const uri = `aws-kms:${arn}`
  const [, partition, region = ''] = ARN.exec(arn) ?? []
  if (partition === undefined) throw new ParapetError('PPT_KEK', 'aws-kms: takes the ARN of a key or an alias')
  const regional = `https://kms.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
  const given = env['AWS_ENDPOINT_URL_KMS']
  const url = readServiceUrl(given === undefined || given === '' ? regional : given, 'AWS_ENDPOINT_URL_KMS')
  const { clock = systemClock } = deps

  const call = async (
    act: 'Encrypt' | 'Decrypt',
    fields: Readonly<Record<string, string>>,
    context: string,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const body = JSON.stringify({ KeyId: arn, ...fields, EncryptionContext: { parapet: context } })
    const request = (): { headers: Record<string, string>; body: string } => {
      const credentials = readCredentials(env, uri)
      const now = clock()
      const sent: [string, string][] = [
        ['content-type', 'application/x-amz-json-1.1'],
        ['x-amz-date', amzDate(now)],
        ['x-amz-target', `TrentService.${act}`],
      ]
      if (credentials.sessionToken !== undefined) sent.push(['x-amz-security-token', credentials.sessionToken])
      // the host is signed and sent by fetch itself
      const authorization = signV4(
        { method: 'POST', url, headers: [...sent, ['host', url.host]], body },
        { region, service: 'kms', credentials, now },
      )
      return { headers: { ...Object.fromEntries(sent), authorization }, body }
    }
    const answer = await postRemote({ uri, url, request, again: tryAgain }, deps)
    if (answer.status === 200) return readAnswer(answer, uri)
    const type = errorType(answer)
    throw new ParapetError('PPT_KEK', `${uri} answered ${answer.status}${type === '' ? '' : ` ${quoteRemote(type)}`}`)
  }
  const strange = (): ParapetError => new ParapetError('PPT_KEK', `${uri} answered 200 with something that is not what KMS says`)
  return {
    uri,
    wrap: async (key, context) => {
      const { CiphertextBlob: blob } = await call('Encrypt', { Plaintext: Buffer.from(key).toString('base64') }, context)
      if (typeof blob !== 'string' || !BASE64.test(blob)) throw strange()
      return Buffer.from(blob, 'base64')
    },
    unwrap: async (wrapped, context) => {
      const { Plaintext: plain } = await call('Decrypt', { CiphertextBlob: Buffer.from(wrapped).toString('base64') }, context)
      if (typeof plain !== 'string' || !BASE64.test(plain)) throw strange()
      return Buffer.from(plain, 'base64')
    },
  }
}
