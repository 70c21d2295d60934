import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SETUP_MS, startTestStudio, type TestStudio } from './fixtures/studio.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

describe('every page', () => {
  it('opens for who may see it', async () => {
    const { ids } = studio.seeded
    const a = studio.browser()
    expect((await a.signIn('probe-a@studio.example')).location).toBe('/')
    for (const path of [
      '/',
      '/account',
      '/account/security',
      '/frameworks',
      `/frameworks/${ids.framework}`,
      '/documents',
      '/documents/new',
      `/documents/${ids.document}`,
      '/api/me',
      '/api/documents',
      `/api/documents/${ids.document}`,
      '/step-up',
    ]) {
      const answer = await a.get(path)
      expect([path, answer.status, answer.status === 500 ? answer.text : '']).toEqual([path, 200, ''])
      expect(answer.headers.get('cache-control')).toContain('no-store')
    }
    const admin = studio.browser()
    expect((await admin.signIn('probe-admin@studio.example')).location).toBe('/')
    for (const path of ['/admin', '/admin/people', '/admin/audit', '/admin/audit?action=view&outcome=success'])
      expect([path, (await admin.get(path)).status]).toEqual([path, 200])
  })
})
