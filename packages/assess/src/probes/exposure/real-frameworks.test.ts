import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { djangoPython, freePort, needs } from '@parapet/testkit'
import express from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestServer } from '../../fixtures/serve.js'
import type { Target } from '../../target/target.js'
import { runProbe } from '../seen/fixtures/run-probe.js'
import { banner } from './banner.js'
import { debugPage } from './debug-page.js'
import { reflectedMarkup } from './reflected-markup.js'
import { traceback } from './traceback.js'

const TARGET: Target = {
  pages: { open: ['/'] },
  echoes: [{ path: '/search', parameter: 'q' }],
  writes: [{ name: 'note', request: { method: 'POST', path: '/notes', json: { text: 'x' } } }],
}

/** Express 5 with its own handler of errors, as it is in this mode. */
const openExpress = async (mode: 'development' | 'production'): Promise<TestServer> => {
  const app = express().set('env', mode)
  app.use(express.json())
  app.get('/', (_, response) => void response.send('<title>home</title>'))
  app.get(
    '/search',
    (request, response) => void response.send(`<p>${(request.query['q'] as string).toUpperCase().replaceAll('<', '&lt;')}</p>`),
  )
  app.post('/notes', (request, response) => void response.json({ length: (request.body as { text: string }).text.length }))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

describe('Express', () => {
  // its handler writes every error to the console
  beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
  afterAll(() => void vi.restoreAllMocks())

  it('in development shows its stack to a spoilt body, by its own handler', async () => {
    const found = await runProbe(traceback, TARGET, await openExpress('development'))
    expect(found.find(({ locator }) => locator === '/notes')).toMatchObject({
      verdict: 'fail',
      says: expect.stringContaining('a stack of Node.js'),
    })
    expect(found.every(({ verdict }) => verdict === 'fail')).toBe(true)
  }, 60_000)

  it('in production shows none, and names itself all the same', async () => {
    expect(await runProbe(traceback, TARGET, await openExpress('production'))).toMatchObject([{ verdict: 'pass', locator: '/' }])
    expect(await runProbe(debugPage, TARGET, await openExpress('production'))).toMatchObject([{ verdict: 'pass' }])
    expect(await runProbe(banner, TARGET, await openExpress('production'))).toMatchObject([{ verdict: 'fail', locator: 'x-powered-by' }])
  }, 60_000)

  it('tells the address of a page that does not exist back as text, which is no markup', async () => {
    const verdicts = await runProbe(reflectedMarkup, TARGET, await openExpress('production'))
    expect(verdicts.find(({ locator }) => locator.startsWith('(a page'))).toMatchObject({ verdict: 'pass' })
  }, 60_000)
})

const SITE = (debug: string): string => `
import sys
from django.conf import settings
settings.configure(DEBUG=${debug}, SECRET_KEY='of-a-test', ALLOWED_HOSTS=['127.0.0.1'], ROOT_URLCONF=__name__, MIDDLEWARE=[])
from django.http import HttpResponse
from django.urls import path
from django.utils.html import escape
def home(request):
    return HttpResponse('<title>home</title>')
def search(request):
    return HttpResponse('<p>%s %d</p>' % (escape(request.GET.get('q', '')), int(request.GET.get('page', '1'))))
def notes(request):
    import json
    return HttpResponse(json.loads(request.body)['text'].upper())
urlpatterns = [path('', home), path('search', search), path('notes', notes)]
from django.core.management import execute_from_command_line
execute_from_command_line(['manage', 'runserver', '--noreload', '--nothreading', '127.0.0.1:' + sys.argv[1]])
`

const withDjango = needs('django')
describe.skipIf(!withDjango.ok)(`Django${withDjango.note}`, () => {
  let child: ChildProcess | undefined
  let folder = ''
  afterEach(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  const openDjango = async (debug: 'True' | 'False'): Promise<TestServer> => {
    folder = mkdtempSync(join(tmpdir(), 'django-'))
    const port = await freePort()
    writeFileSync(join(folder, 'site.py'), SITE(debug).trimStart())
    child = spawn(djangoPython, [join(folder, 'site.py'), String(port)], { stdio: 'ignore', cwd: folder })
    const origin = `http://127.0.0.1:${port}`
    for (let i = 0; i < 400; i++) {
      const up = await fetch(origin).then(
        () => true,
        () => false,
      )
      if (up) return { origin, port, close: async () => undefined }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('Django did not start')
  }

  it('with DEBUG shows its debug page and a stack, and both are found', async () => {
    const server = await openDjango('True')
    const pages = await runProbe(debugPage, TARGET, server)
    expect(pages.find(({ locator }) => locator === '(a page that does not exist)')).toMatchObject({
      verdict: 'fail',
      says: expect.stringContaining('Django with DEBUG'),
    })
    const stacks = await runProbe(traceback, TARGET, server)
    expect(stacks.find(({ locator }) => locator === '/notes')).toMatchObject({
      verdict: 'fail',
      says: expect.stringContaining('a path of the server'),
    })
  }, 60_000)

  it('without it shows neither, although it fails', async () => {
    const server = await openDjango('False')
    expect(await runProbe(debugPage, TARGET, server)).toMatchObject([{ verdict: 'pass' }])
    expect(await runProbe(traceback, TARGET, server)).toMatchObject([{ verdict: 'pass' }])
  }, 60_000)
})
