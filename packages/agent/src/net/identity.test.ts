import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentHeartbeat } from '@parapet/core'
import { needs, selfSigned } from '@parapet/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AGENT_TOKEN, ENROLMENT_TOKEN, type FixtureControlPlane, startControlPlane } from '../fixtures/control-plane.js'
import { createControlPlane, signBody } from './control-plane.js'
import { enrol, type EnrolOptions, fetchFor, readIdentity, readServer } from './identity.js'

let stateDir = ''
const servers: FixtureControlPlane[] = []
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'parapet-identity-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  rmSync(stateDir, { recursive: true, force: true })
})
const serve = async (tls?: { key: string; cert: string }): Promise<FixtureControlPlane> => {
  const server = await startControlPlane(tls)
  servers.push(server)
  return server
}
const options = (server: string, over: Partial<EnrolOptions> = {}): EnrolOptions => ({
  server,
  token: ENROLMENT_TOKEN,
  name: 'web-1',
  version: '0.1.0',
  stateDir,
  ...over,
})
const health: AgentHeartbeat = {
  version: '0.1.0', host: 'web-1', startedAt: 1, now: 2, inputs: [], spool: { events: 0, bytes: 0, oldestAt: null, dropped: 0 }, rules: { running: 0, problems: 0 }, alerts: 0,
} // prettier-ignore

describe('enrolment', () => {
  it('makes a key of its own, keeps what it got closed to others, and signs with it', async () => {
    const server = await serve()
    const identity = await enrol(options(server.url))
    expect(identity).toMatchObject({ server: server.url, sourceId: 's1', name: 'web-1', token: AGENT_TOKEN })
    expect(statSync(join(stateDir, 'identity.json')).mode & 0o777).toBe(0o600)
    expect(readIdentity(stateDir)).toEqual(identity)
    const [sent] = server.enrolments
    const own = createPublicKey(createPrivateKey(identity.privateKey)).export({ type: 'spki', format: 'der' }).toString('base64url')
    expect(sent?.publicKey).toBe(own)
    expect(JSON.stringify(sent)).not.toContain('PRIVATE')
    const control = createControlPlane(identity, fetchFor(identity), Date.now)
    await control.heartbeat(health)
    await control.heartbeat(health)
    expect(server.heartbeats).toHaveLength(2)
    expect(server.faults).toEqual([])
  })

  it('is refused with a wrong token, and leaves nothing behind', async () => {
    const server = await serve()
    await expect(enrol(options(server.url, { token: 'ppe_wrong-token' }))).rejects.toMatchObject({ code: 'PPT_TOKEN_INVALID' })
    expect(readdirSync(stateDir)).toEqual([])
  })

  it('happens once: a host that is enrolled is told so, and spends no token', async () => {
    const server = await serve()
    await enrol(options(server.url))
    await expect(enrol(options(server.url))).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    expect(server.enrolments).toHaveLength(1)
  })

  it('sends no token in clear to another machine, and none to an address that holds more', () => {
    for (const url of ['http://parapet.example.org', 'ftp://x', 'https://a:b@x', 'https://x?y', 'nonsense'])
      expect(() => readServer(url), url).toThrow('the server')
    expect(readServer('https://parapet.example.org/')).toBe('https://parapet.example.org')
    expect(readServer('http://localhost:8700')).toBe('http://localhost:8700')
  })

  it('does not read an identity that others can read, or that is damaged', async () => {
    await enrol(options((await serve()).url))
    const file = join(stateDir, 'identity.json')
    chmodSync(file, 0o644)
    expect(() => readIdentity(stateDir)).toThrow('can be read by others')
    chmodSync(file, 0o600)
    writeFileSync(file, '{"server":')
    expect(() => readIdentity(stateDir)).toThrow('damaged')
  })
})

describe('a signature', () => {
  it('covers the time and every byte of the body', async () => {
    const { privateKey } = await enrol(options((await serve()).url))
    const header = signBody(privateKey, 1_234, '{"a":1}')
    const signature = Buffer.from(/v1=([\w-]+)$/.exec(header)?.[1] ?? '', 'base64url')
    const key = createPublicKey(createPrivateKey(privateKey))
    const holds = (text: string): boolean => verify(null, Buffer.from(text), key, signature)
    expect(header.startsWith('t=1234, v1=')).toBe(true)
    expect([holds('1234.{"a":1}'), holds('1235.{"a":1}'), holds('1234.{"a":2}')]).toEqual([true, false, false])
  })
})

const here = needs('openssl')

describe.skipIf(!here.ok)(`a server's key${here.note}`, () => {
  const certificate = (name: string): { key: string; cert: string; pin: string } => {
    const { key, cert } = selfSigned(stateDir, { name })
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    return { key, cert, pin: `sha256/${createHash('sha256').update(spki).digest('base64')}` }
  }

  it('that nobody vouches for is never taken on trust: the error names it, and the token stays here', async () => {
    const tls = certificate('one')
    const server = await serve(tls)
    await expect(enrol(options(server.url))).rejects.toThrow(tls.pin)
    await expect(enrol(options(server.url, { trustAuthorities: true }))).rejects.toMatchObject({ code: 'PPT_CONTROL_PLANE' })
    expect(server.enrolments).toEqual([])
    const identity = await enrol(options(server.url, { pin: tls.pin }))
    expect(identity.pin).toBe(tls.pin)
    const control = createControlPlane(identity, fetchFor(identity), Date.now)
    await control.heartbeat(health)
    expect(server.heartbeats).toHaveLength(1)
  })

  it('that is another one than was pinned gets neither token nor events', async () => {
    const [right, wrong] = [certificate('right'), certificate('wrong')]
    const server = await serve(wrong)
    await expect(enrol(options(server.url, { pin: right.pin }))).rejects.toMatchObject({ code: 'PPT_CONTROL_PLANE' })
    const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const control = createControlPlane(
      { server: server.url, token: AGENT_TOKEN, privateKey },
      fetchFor({ server: server.url, pin: right.pin }),
      Date.now,
    )
    await expect(fetchFor({ server: server.url, pin: right.pin })(`${server.url}/v1/events`)).rejects.toThrow('not the one that was pinned')
    await expect(control.heartbeat(health)).rejects.toThrow(/pinned|control plane|PPT_CONTROL_PLANE/)
    expect([server.enrolments, server.heartbeats, server.faults]).toEqual([[], [], []])
  })

  it('has a form', async () => {
    await expect(enrol(options('https://localhost:1', { pin: 'sha1/x' }))).rejects.toThrow('pin is not')
  })
})
