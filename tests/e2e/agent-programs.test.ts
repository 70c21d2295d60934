import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, freePort, needs, selfSigned } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AgentPlace, createAgentPlace } from '../../packages/agent/src/fixtures/agent-place.js'
import { fromSource } from './support/agent.js'
import { root } from './support/control-plane.js'
import { eventually, type Program, run, startProgram } from './support/processes.js'

/** Real programs that write and send, and what the agent makes of it. */
const here = needs('sshd', 'ssh', 'nginx', 'rsyslogd', 'logger', 'redis-server', 'initdb', 'openssl', 'root')

describe.skipIf(!here.ok)(`an agent beside real programs${here.note}`, () => {
  let place: AgentPlace
  const programs: Program[] = []
  const path = (name: string): string => join(place.folder, name)
  const program = (name: string): string => findProgram(name) ?? name
  const start = (name: string, ...args: string[]): Program => {
    const started = startProgram(program(name), args)
    programs.push(started)
    return started
  }
  const events = (dataset: string): Record<string, unknown>[] =>
    [...place.server.events.values()].filter((event) => event['event.dataset'] === dataset)
  const arrives = async (dataset: string, like: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> =>
    eventually(
      () => events(dataset).find((event) => Object.entries(like).every(([key, value]) => event[key] === value)),
      `${dataset} ${JSON.stringify(like)}; there are ${JSON.stringify(events(dataset).slice(-3))}`,
      15_000,
    )

  beforeAll(async () => {
    place = await createAgentPlace()
    chmodSync(place.folder, 0o755)
    chmodSync(place.logs, 0o777)
  })
  afterAll(async () => {
    for (const one of programs) await one.stop()
    await place.remove()
  }, 30_000)

  it('hears of real failed sign-ins at sshd, from the file that it writes', async () => {
    const port = await freePort()
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path('host_key'))
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path('client_key'))
    mkdirSync('/run/sshd', { recursive: true })
    writeFileSync(
      path('sshd_config'),
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${path('host_key')}\nPidFile ${path('sshd.pid')}\nUsePAM no\nPasswordAuthentication yes\nLogLevel VERBOSE\nAuthorizedKeysFile none\n`,
    )
    // sshd writes to its own log without a stamp and a host; the syslog daemon adds both, here a few words of shell do
    await place.start(`files: [{path: ${place.logs}/auth.log, format: sshd, from: start}, {path: ${place.logs}/other.log, from: start}]`)
    const daemon = startProgram('sh', [
      '-c',
      `exec ${program('sshd')} -D -e -f ${path('sshd_config')} 2>&1 | while IFS= read -r line; do printf '%s web-1 sshd[%s]: %s\\n' "$(date '+%b %e %H:%M:%S')" "$$" "$line" >> ${place.logs}/auth.log; done`,
    ])
    programs.push(daemon)
    await eventually(
      () => (spawnSync('sh', ['-c', `grep -q listening ${place.logs}/auth.log`]).status === 0 ? true : undefined),
      'sshd listens',
    )
    writeFileSync(path('askpass'), '#!/bin/sh\necho wrong-password\n', { mode: 0o755 })
    for (let i = 0; i < 3; i++)
      spawnSync(
        'ssh',
        [
          '-p', String(port), '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'NumberOfPasswordPrompts=2',
          '-o', 'PreferredAuthentications=password', '-o', 'PubkeyAuthentication=no', `nobody-${i}@127.0.0.1`, 'true',
        ], // prettier-ignore
        { env: { ...process.env, SSH_ASKPASS: path('askpass'), SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }, timeout: 20_000 },
      )
    const failure = await arrives('sshd', { 'event.action': 'login', 'event.outcome': 'failure' })
    expect(failure).toMatchObject({ 'source.ip': '127.0.0.1' })
    await eventually(
      () => (events('sshd').filter((event) => event['event.action'] === 'login').length >= 6 ? true : undefined),
      'six failures',
    )
    expect(JSON.stringify(events('sshd'))).not.toContain('wrong-password')
    // six wrong passwords from one address within a minute: this host alone decides that
    await eventually(() => (place.server.alerts.size > 0 ? true : undefined), 'an alert')
  }, 60_000)

  it('hears of requests to a real nginx', async () => {
    const port = await freePort()
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${path(name)};`).join(' ')
    writeFileSync(
      path('nginx.conf'),
      `daemon off;\nuser root;\npid ${path('nginx.pid')};\nevents {}\nhttp { ${paths}\naccess_log ${place.logs}/other.log combined;\nserver { listen 127.0.0.1:${port}; location / { return 204; } } }\n`,
    )
    start('nginx', '-c', path('nginx.conf'), '-p', place.folder, '-e', path('error.log'))
    await eventually(
      async () => ((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.status === 204 ? true : undefined),
      'nginx answers',
    )
    await fetch(`http://127.0.0.1:${port}/../../etc/passwd?x=%27%20OR%201=1`, { headers: { 'user-agent': 'sqlmap/1.8' } })
    expect(await arrives('nginx.access', { 'user_agent.original': 'sqlmap/1.8' })).toMatchObject({
      'source.ip': '127.0.0.1',
      'http.response.status_code': 204,
    })
  }, 30_000)

  it('takes syslog over UDP, TCP and TLS from a real rsyslogd and from logger, RFC 5424 too', async () => {
    const { certFile, keyFile } = selfSigned(path('.'))
    const [udp, tcp, tls] = [await freePort(), await freePort(), await freePort()]
    const second = await createAgentPlace()
    try {
      await second.start(
        `syslog: {udp: "127.0.0.1:${udp}", tcp: "127.0.0.1:${tcp}", tls: "127.0.0.1:${tls}", cert: ${certFile}, key: ${keyFile}}`,
      )
      const heard = (text: string): Promise<Record<string, unknown>> =>
        eventually(() => [...second.server.events.values()].find((event) => event.message?.includes(text)), `${text} was heard`, 15_000)
      mkdirSync(path('rsyslog'))
      writeFileSync(
        path('rsyslog.conf'),
        `global(workDirectory="${path('rsyslog')}")\nmodule(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="${path('log.sock')}" CreatePath="on")\n` +
          `action(type="omfwd" target="127.0.0.1" port="${udp}" protocol="udp")\n` +
          `action(type="omfwd" target="127.0.0.1" port="${tcp}" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted")\n`,
      )
      start('rsyslogd', '-n', '-f', path('rsyslog.conf'), '-i', path('rsyslog.pid'))
      await eventually(() => (spawnSync('test', ['-S', path('log.sock')]).status === 0 ? true : undefined), 'rsyslogd listens')
      run('logger', '-u', path('log.sock'), '-t', 'sshd', '-i', '-p', 'auth.info', 'Failed password for root from 203.0.113.5 port 22 ssh2')
      await eventually(
        () => ([...second.server.events.values()].filter((event) => event['source.ip'] === '203.0.113.5').length >= 2 ? true : undefined),
        `the sign-in came over both ways: ${JSON.stringify([...second.server.events.values()])}`,
        15_000,
      )
      run('logger', '--server', '127.0.0.1', '--port', String(tcp), '--tcp', '--rfc5424', '--octet-count', '-t', 'app', 'over tcp as 5424')
      expect(await heard('over tcp as 5424')).toMatchObject({ 'process.name': 'app' })
      run('logger', '--server', '127.0.0.1', '--port', String(udp), '--udp', '--rfc3164', '-t', 'app', 'over udp as 3164')
      await heard('over udp as 3164')
      // beside this process, whose agent has its part in the handshake
      const line = '<34>1 2026-11-22T11:12:13Z web-2 app - - - over tls'
      programs.push(startProgram('sh', ['-c', `(echo '${line}'; sleep 2) | openssl s_client -connect 127.0.0.1:${tls} -quiet`]))
      expect(await heard('over tls')).toMatchObject({ 'host.name': 'web-2' })
    } finally {
      await second.remove()
    }
  }, 60_000)

  it('hears of real authentication failures at PostgreSQL and Redis', async () => {
    const third = await createAgentPlace()
    chmodSync(third.folder, 0o755)
    const data = join(third.folder, 'pg')
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })))
    mkdirSync(data)
    mkdirSync(join(third.logs, 'pg'))
    for (const folder of [data, join(third.logs, 'pg')]) chownSync(folder, uid ?? 0, gid ?? 0)
    const as = { uid: uid ?? 0, gid: gid ?? 0, cwd: data }
    writeFileSync(join(third.folder, 'pg-password'), 'right\n', { mode: 0o644 })
    execFileSync(program('initdb'), ['-D', data, '--auth=scram-sha-256', `--pwfile=${third.folder}/pg-password`, '--username=postgres'], {
      ...as,
      stdio: 'ignore',
    })
    const [pgPort, redisPort] = [await freePort(), await freePort()]
    const postgres = startProgram(
      program('postgres'),
      [
        '-D', data, '-p', String(pgPort), '-h', '127.0.0.1', '-k', data, '-c', 'logging_collector=on', '-c', `log_directory=${third.logs}/pg`,
        '-c', 'log_filename=postgresql.log', '-c', 'log_connections=on', '-c', 'log_line_prefix=%m [%p] %q%u@%d %h ', '-c', 'log_file_mode=0644',
      ], // prettier-ignore
      as,
    )
    programs.push(postgres)
    const redis = startProgram(program('redis-server'), [
      '--port',
      String(redisPort),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--requirepass',
      'secret-of-redis',
      '--dir',
      third.folder,
    ])
    programs.push(redis)
    writeFileSync(join(third.folder, 'redis-password'), 'secret-of-redis\n', { mode: 0o600 })
    try {
      await third.start(
        `files: [{path: ${third.logs}/pg/*.log, format: postgresql, from: start}]\nredis: [{address: "127.0.0.1:${redisPort}", passwordFile: ${join(third.folder, 'redis-password')}, everySeconds: 1}]`,
      )
      const found = (dataset: string): Record<string, unknown> | undefined =>
        [...third.server.events.values()].find(
          (event) => event['event.dataset'] === dataset && event['event.action'] === 'login' && event['event.outcome'] === 'failure',
        )
      await eventually(
        () => {
          spawnSync('psql', ['-h', '127.0.0.1', '-p', String(pgPort), '-U', 'postgres', '-c', 'select 1'], {
            env: { ...process.env, PGPASSWORD: 'wrong' },
            timeout: 10_000,
          })
          return found('postgresql')
        },
        'PostgreSQL refused a password',
        20_000,
        500,
      )
      expect(found('postgresql')).toMatchObject({ 'user.name': 'postgres' })
      await eventually(
        () => {
          spawnSync('redis-cli', ['-p', String(redisPort), '--user', 'mallory', '--pass', 'guess', 'ping'], { timeout: 5_000 })
          return found('redis')
        },
        'Redis refused a password',
        20_000,
        500,
      )
      expect(found('redis')).toMatchObject({ 'user.name': 'mallory', 'source.ip': '127.0.0.1' })
      expect(JSON.stringify([...third.server.events.values()])).not.toContain('secret-of-redis')
    } finally {
      await third.remove()
    }
  }, 90_000)
})

const inNamespace = needs('unshare', 'journalctl', 'systemd-cat', 'root')

describe.skipIf(!inNamespace.ok)(`an agent beside a real journald${inNamespace.note}`, () => {
  it('follows the journal, goes on after a kill where it was, and tells nothing twice', async () => {
    const place = await createAgentPlace()
    const config = join(place.folder, 'agent.yml')
    writeFileSync(config, `stateDir: ${place.stateDir}\nname: web-1\nfacts: {enabled: false}\njournald: {enabled: true}\n`)
    const script = join(place.folder, 'journal.sh')
    // a journald of its own, on a /run of its own; lines come over a named pipe
    writeFileSync(
      script,
      `set -e\nmount -t tmpfs tmpfs /run\nmkdir -p /run/systemd/journal /run/log/journal\n/lib/systemd/systemd-journald &\n` +
        `until [ -S /run/systemd/journal/stdout ]; do sleep 0.1; done\necho journal ready\nwhile read -r line; do case "$line" in\n` +
        `agent) ${fromSource('tests/e2e/support/agent-main.ts').join(' ')} run --config ${config} < /dev/null & A=$!;;\nkill) kill -9 $A; wait $A || true; echo killed;;\n` +
        `end) kill -TERM $A; wait $A || true; kill %1; exit 0;;\n*) echo "$line" | systemd-cat -t sshd;; esac; done < ${place.folder}/orders\n`,
    )
    run('mkfifo', join(place.folder, 'orders'))
    const shell = startProgram('unshare', ['-m', 'bash', script], { cwd: root })
    const { openSync, writeSync, closeSync } = await import('node:fs')
    const orders = openSync(join(place.folder, 'orders'), 'r+')
    const order = (text: string): void => void writeSync(orders, `${text}\n`)
    const failures = (): string[] =>
      [...place.server.events.values()].flatMap((event) => (event['event.dataset'] === 'sshd' ? [String(event['source.ip'])] : []))
    try {
      await shell.waitFor(/journal ready/)
      order('agent')
      await shell.waitFor(/running /, 60_000)
      await eventually(() => {
        order('Failed password for root from 203.0.113.1 port 22 ssh2')
        return failures().includes('203.0.113.1') ? true : undefined
      }, 'a failed sign-in', 15_000, 500) // prettier-ignore
      await eventually(
        () => (readFileSync(join(place.stateDir, 'checkpoint.json'), 'utf8').includes('"journalCursor":"s=') ? true : undefined),
        'the cursor was kept',
      )
      order('kill')
      await shell.waitFor(/killed/)
      order('Failed password for root from 203.0.113.2 port 22 ssh2')
      order('agent')
      await eventually(() => (failures().includes('203.0.113.2') ? true : undefined), 'what came meanwhile', 60_000)
      expect(failures().filter((address) => address === '203.0.113.2')).toHaveLength(1)
    } finally {
      order('end')
      await shell.stop()
      closeSync(orders)
      await place.remove()
    }
  }, 120_000)
})
