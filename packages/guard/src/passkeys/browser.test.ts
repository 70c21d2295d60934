import { createServer, type Server } from 'node:http'
import { findProgram, needs } from '@parapet/testkit'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { memoryFactors } from '../mfa/factor-store.js'
import { requestOf } from '../mfa/fixtures/setup.js'
import { memoryStore } from '../store/memory-store.js'
import { createPasskeys } from './passkeys.js'
import type { Passkeys, PasskeysReport } from './types.js'

const SESSION = 'session-1'
const request = requestOf()
const pair = (setCookie: string | undefined): string => setCookie?.split(';')[0] ?? ''

/** What the page is asked to do; runs in the browser. */
const ceremony = async ([kind, options]: readonly ['create' | 'get', unknown]): Promise<unknown> => {
  type Parsed = {
    readonly parseCreationOptionsFromJSON: (o: unknown) => never
    readonly parseRequestOptionsFromJSON: (o: unknown) => never
  }
  const parse = (globalThis as unknown as { PublicKeyCredential: Parsed }).PublicKeyCredential
  try {
    const made =
      kind === 'create'
        ? await navigator.credentials.create({ publicKey: parse.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: parse.parseRequestOptionsFromJSON(options) })
    return (made as unknown as { toJSON: () => unknown }).toJSON()
  } catch (error) {
    return (error as Error).name
  }
}

const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const

const tool = needs('chromium')
describe.skipIf(!tool.ok)(`passkeys in Chromium, with a virtual authenticator${tool.note}`, () => {
  let browser: Browser
  let server: Server
  let origin = ''
  let page: Page
  let devtools: CDPSession
  let authenticatorId = ''
  let passkeys: Passkeys
  let reports: PasskeysReport[] = []
  const factors = memoryFactors()

  beforeAll(async () => {
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Acme</title>'))
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    const address = server.address()
    origin = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? 'chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      headless: true,
    })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
  })

  beforeEach(async () => {
    const context = await browser.newContext()
    page = await context.newPage()
    devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    ;({ authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR }))
    await page.goto(origin)
    reports = []
    await factors.remove('anna')
    passkeys = createPasskeys({ rpName: 'Acme', origins: [origin], store: memoryStore(), factors, report: (one) => reports.push(one) })
    return () => context.close()
  })

  const register = async (): Promise<unknown> => {
    const begun = await passkeys.beginRegistration('anna', { request, session: SESSION, userName: 'anna@example.org', displayName: 'Anna' })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    return page.evaluate(ceremony, ['create', begun.options] as const)
  }
  const finish = (response: unknown) => passkeys.finishRegistration('anna', { request, session: SESSION, response, name: 'Laptop' })
  const signIn = async (subject?: string) => {
    const begun = await passkeys.beginAuthentication(subject === undefined ? {} : { subject })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const response = await page.evaluate(ceremony, ['get', begun.options] as const)
    const about = { request: requestOf({ cookie: pair(begun.cookie) }), response }
    return { response, end: await passkeys.finishAuthentication(subject === undefined ? about : { ...about, subject }) }
  }

  it('are registered and sign in without a name, and the list shows it', async () => {
    expect(await finish(await register())).toMatchObject({ kind: 'registered', passkey: { name: 'Laptop', transports: ['internal'] } })
    const { end } = await signIn()
    expect(end).toMatchObject({ kind: 'ok', subject: 'anna' })
    const listed = await passkeys.list('anna')
    expect(listed).toMatchObject({ kind: 'listed', passkeys: [{ name: 'Laptop' }] })
    expect(listed.kind === 'listed' && listed.passkeys[0]?.usedAt).toEqual(expect.any(Number))
    // the authenticator knows the account by a handle that names nobody
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId })
    expect(credentials).toHaveLength(1)
    expect(credentials[0]).toMatchObject({ isResidentCredential: true, rpId: 'localhost' })
    expect(Buffer.from(credentials[0]!.userHandle!, 'base64').toString()).not.toContain('anna')
  })

  it('serve as second factor of a known subject', async () => {
    await finish(await register())
    const { end } = await signIn('anna')
    expect(end).toMatchObject({ kind: 'ok', subject: 'anna' })
  })

  it('cannot be replayed: the answer of a moment ago is nothing now', async () => {
    await finish(await register())
    const begun = await passkeys.beginAuthentication()
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const response = await page.evaluate(ceremony, ['get', begun.options] as const)
    const about = { request: requestOf({ cookie: pair(begun.cookie) }), response }
    expect((await passkeys.finishAuthentication(about)).kind).toBe('ok')
    expect(await passkeys.finishAuthentication(about)).toEqual({ kind: 'failed' })
  })

  it('are not made twice by one authenticator: the browser itself refuses what is excluded', async () => {
    await finish(await register())
    expect(await register()).toBe('InvalidStateError')
  })

  it('are refused where the user was not verified', async () => {
    await finish(await register())
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    expect(await register()).toBe('NotAllowedError')
    const begun = await passkeys.beginAuthentication()
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    // a page that asks for less than we did
    const weaker = { ...begun.options, userVerification: 'discouraged' }
    const response = await page.evaluate(ceremony, ['get', weaker] as const)
    expect(typeof response).toBe('object')
    const about = { request: requestOf({ cookie: pair(begun.cookie) }), response }
    expect(await passkeys.finishAuthentication(about)).toEqual({ kind: 'failed' })
    expect(reports.at(-1)).toMatchObject({ kind: 'refused', reason: 'invalid' })
  })

  it('of a copied authenticator are found out by the counter', async () => {
    await finish(await register())
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId })
    const copy = { ...credentials[0]!, signCount: 0 }
    for (let i = 0; i < 3; i++) expect((await signIn()).end.kind).toBe('ok')
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId })
    await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: copy })
    expect((await signIn()).end).toEqual({ kind: 'failed' })
    expect(reports.slice(-2)).toMatchObject([{ kind: 'clone_suspected' }, { kind: 'refused', reason: 'clone' }])
  })

  it('do not work from another origin, though it is on the same host', async () => {
    await finish(await register())
    const elsewhere = createPasskeys({ rpName: 'Acme', origins: ['http://localhost:1'], store: memoryStore(), factors })
    const begun = await elsewhere.beginAuthentication()
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const response = await page.evaluate(ceremony, ['get', begun.options] as const)
    const about = { request: requestOf({ cookie: pair(begun.cookie) }), response }
    expect(await elsewhere.finishAuthentication(about)).toEqual({ kind: 'failed' })
  })

  it('are gone once they are removed', async () => {
    await finish(await register())
    const listed = await passkeys.list('anna')
    await passkeys.remove('anna', listed.kind === 'listed' ? (listed.passkeys[0]?.id ?? '') : '')
    expect((await signIn()).end).toEqual({ kind: 'failed' })
  })
})
