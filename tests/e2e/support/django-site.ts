import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import process from 'node:process'
import { djangoPython, findProgram, freePort, selfSigned } from '@parapet/testkit'
import { root } from './control-plane.js'
import { eventually, type Program, run, startProgram } from './processes.js'

/** What came back. `headers` as they were sent, so that one sent twice shows. */
export type Answer = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly cookies: readonly string[]
  readonly text: string
}
/** A browser at an address of its own on loopback, with its cookies. */
export type Visitor = {
  readonly jar: Map<string, string>
  readonly ask: (path: string, more?: { method?: string; body?: string; headers?: Readonly<Record<string, string>> }) => Promise<Answer>
  /** opens the form and sends it, as a browser does */
  readonly signIn: (name: string, password: string) => Promise<Answer>
  /** posts JSON with the token that `/api/me` gives */
  readonly post: (path: string, body: unknown) => Promise<Answer>
}
/** The example on this machine: nginx, the gate and Django, each a process of its own. */
export type DjangoSite = {
  readonly origin: string
  readonly ports: { readonly plain: number; readonly secure: number; readonly gate: number; readonly django: number }
  readonly gate: Program
  readonly django: Program
  readonly env: Readonly<Record<string, string>>
  /** a fresh visitor; the address is one of 127.0.0.0/8 */
  readonly visitor: (address: string) => Visitor
  /** events that the gate has told so far */
  readonly events: () => readonly Readonly<Record<string, unknown>>[]
  /** runs `manage.py` and gives what it printed */
  readonly manage: (...args: readonly string[]) => string
  /** rows of the database, as JSON */
  readonly rows: (sql: string) => readonly unknown[]
  readonly stop: () => Promise<void>
}

export const header = (answer: Answer, name: string): readonly string[] =>
  answer.headers.filter(([key]) => key === name).map(([, value]) => value)

const send = (options: RequestOptions, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const made = request({ ...options, agent: false, timeout: 20_000 }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const raw = answer.rawHeaders
        const headers = raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1] ?? ''] as const] : []))
        resolve({ status: answer.statusCode ?? 0, headers, cookies: answer.headers['set-cookie'] ?? [], text })
      })
    })
    made.on('timeout', () => made.destroy(new Error('no answer within 20 s')))
    made.on('error', reject)
    made.end(body)
  })

/** Changes a text in the place where it stands; throws when it stands nowhere, so that the example cannot drift away from the test. */
const swap = (text: string, from: string | RegExp, to: string): string => {
  const changed = text.replaceAll(from, to)
  if (changed === text) throw new Error(`nginx.conf has no ${from}`)
  return changed
}

/** The example's nginx.conf with the ports, the name and the certificate of this machine. */
const writeNginx = (folder: string, place: string, ports: DjangoSite['ports']): string => {
  let config = readFileSync(join(folder, 'nginx.conf'), 'utf8')
  config = swap(config, /^ *listen \[::\].*\n/gm, '')
  config = swap(config, /listen 80 /g, `listen 127.0.0.1:${ports.plain} `)
  config = swap(config, /listen 443 /g, `listen 127.0.0.1:${ports.secure} `)
  config = swap(config, 'https://studio.example', `https://localhost:${ports.secure}`)
  config = swap(config, 'server_name studio.example', 'server_name localhost')
  config = swap(config, '/etc/ssl/certs/studio.pem', join(place, 'tls.crt'))
  config = swap(config, '/etc/ssl/private/studio.key', join(place, 'tls.key'))
  config = swap(config, '127.0.0.1:4000', `127.0.0.1:${ports.gate}`)
  config = swap(config, '127.0.0.1:8000', `127.0.0.1:${ports.django}`)
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${place}/${name};`).join(' ')
  const path = join(place, 'nginx.conf')
  const top = `worker_processes 1; daemon off; ${process.getuid?.() === 0 ? 'user root; ' : ''}pid ${place}/nginx.pid; error_log ${place}/error.log warn;`
  writeFileSync(path, `${top}\nevents { worker_connections 512; }\nhttp { access_log off; ${temps}\n${config}\n}\n`)
  return path
}

/** Sets the example up in a folder of the test: database with sample people, certificate, the three programs. */
export const startDjangoSite = async (place: string, password: string): Promise<DjangoSite> => {
  const folder = join(place, 'django')
  cpSync(join(root, 'examples/django'), folder, { recursive: true, filter: (path) => !path.includes('__pycache__') })
  mkdirSync(join(place, 'nginx'))
  const ports = { plain: await freePort(), secure: await freePort(), gate: await freePort(), django: await freePort() }
  const origin = `https://localhost:${ports.secure}`
  const env = {
    DJANGO_SECRET_KEY: run('openssl', 'rand', '-base64', '48').trim(),
    DJANGO_HOSTS: 'localhost',
    DJANGO_DATABASE: join(place, 'studio.sqlite3'),
    GATE_URL: `http://127.0.0.1:${ports.gate}`,
    GATE_TOKEN: run('openssl', 'rand', '-hex', '32').trim(),
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
  }
  const call = (input: string, args: readonly string[]): string =>
    execFileSync(djangoPython, ['manage.py', ...args], { cwd: folder, env: { ...process.env, ...env }, input, encoding: 'utf8' })
  call('', ['migrate', '--verbosity', '0'])
  call(`${password}\n`, ['sample'])
  const { cert: ca } = selfSigned(place)
  const config = writeNginx(folder, place, ports)

  // from the checkout, so that it finds the packages; a reader has them below node_modules
  const gate = startProgram(process.execPath, ['--conditions=source', '--import', 'tsx', join(root, 'examples/django/gate.ts')], {
    cwd: root,
    env: {
      PORT: String(ports.gate),
      PUBLIC_ORIGIN: origin,
      GUARD_SECRET: run('openssl', 'rand', '-base64', '32').trim(),
      GATE_TOKEN: env.GATE_TOKEN,
    },
  })
  const django = startProgram(djangoPython, ['manage.py', 'runserver', '--noreload', `127.0.0.1:${ports.django}`], { cwd: folder, env })
  const nginx = startProgram(findProgram('nginx') ?? 'nginx', ['-c', config, '-p', place, '-e', join(place, 'error.log')])
  const programs = [nginx, django, gate]

  const visitor = (address: string): Visitor => {
    const jar = new Map<string, string>()
    const ask: Visitor['ask'] = async (path, { method = 'GET', body, headers = {} } = {}) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const options = { host: '127.0.0.1', servername: 'localhost', port: ports.secure, path, method, ca, localAddress: address }
      const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
      const own = { Host: `localhost:${ports.secure}`, ...(cookie === '' ? {} : { Cookie: cookie }), ...length }
      const answer = await send({ ...options, headers: { ...own, ...headers } }, body)
      for (const line of answer.cookies) {
        const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
        if (/;\s*max-age=0/i.test(line) || value === '' || value === '""') jar.delete(name)
        else jar.set(name, value)
      }
      return answer
    }
    const signIn: Visitor['signIn'] = async (name, password) => {
      const form = await ask('/accounts/login/')
      const [, token = ''] = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(form.text) ?? []
      return ask('/accounts/login/', {
        method: 'POST',
        body: new URLSearchParams({ csrfmiddlewaretoken: token, username: name, password }).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin, Referer: `${origin}/accounts/login/` },
      })
    }
    const post: Visitor['post'] = async (path, body) => {
      const { csrfToken = '' } = JSON.parse((await ask('/api/me')).text) as { csrfToken?: string }
      const headers = { 'Content-Type': 'application/json', Origin: origin, Referer: `${origin}/`, 'X-CSRFToken': csrfToken }
      return ask(path, { method: 'POST', body: JSON.stringify(body), headers })
    }
    return { jar, ask, signIn, post }
  }

  const site: DjangoSite = {
    origin,
    ports,
    gate,
    django,
    env,
    visitor,
    events: () => gate.output().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>), // prettier-ignore
    manage: (...args) => call('', args),
    rows: (sql) => {
      const script = 'import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))'
      return JSON.parse(run(djangoPython, '-c', script, env.DJANGO_DATABASE, sql)) as readonly unknown[]
    },
    stop: async () => {
      for (const program of programs) await program.stop()
    },
  }
  try {
    const up = async (): Promise<true | undefined> => {
      for (const program of programs) if (program.child.exitCode !== null) throw new Error(program.output())
      return (await visitor('127.0.0.2').ask('/api/me').catch(() => undefined))?.status === 401 ? true : undefined // prettier-ignore
    }
    await eventually(up, 'nginx, the gate and Django are up', 40_000, 100)
  } catch (error) {
    await site.stop()
    throw error
  }
  return site
}
