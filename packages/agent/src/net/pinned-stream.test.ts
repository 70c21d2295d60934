import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@parapet/client'
import { createDecisionSet } from '@parapet/core'
import { needs, selfSigned } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { until } from '../fixtures/agent-place.js'
import { AGENT_TOKEN, startControlPlane } from '../fixtures/control-plane.js'
import { deny, lifted } from '../fixtures/host-enforcer.js'
import { createPinnedFetch } from './pinned-fetch.js'

const here = needs('openssl')

describe.skipIf(!here.ok)(`decisions over a pinned connection${here.note}`, () => {
  it('arrive as they are made, as a stream that is never whole, and stop when they are not followed any more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parapet-stream-'))
    const { key, cert } = selfSigned(folder, { name: 'one' })
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    const server = await startControlPlane({ key, cert })
    try {
      const ban = deny('203.0.113.7')
      server.decide(ban)
      const fetch = createPinnedFetch(`sha256/${createHash('sha256').update(spki).digest('base64')}`)
      const client = createClient({ url: server.url, token: AGENT_TOKEN, fetch })
      const set = createDecisionSet()
      const follower = client.followDecisions(set)
      await until(() => set.size === 1, 'the snapshot')
      server.decide(deny('203.0.113.8'))
      await until(() => set.size === 2, 'a change')
      server.decide(lifted(ban))
      await until(() => set.size === 1, 'a lift')
      follower.stop()
      await client.close()
      expect(server.faults).toEqual([])
    } finally {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
