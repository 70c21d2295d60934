import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '@parapet/testkit'
import { eventually, type Program, run, startProgram } from './processes.js'

/** Starts an nginx of the test's own in front of one application, with the usual forwarding header. */
export const startNginx = async (options: {
  prefix: readonly string[]
  place: string
  listen: readonly string[]
  upstream: string
  /** more headers for the application, such as `CF-Connecting-IP $remote_addr` */
  headers?: readonly string[]
}): Promise<Program> => {
  const { prefix, place, listen, upstream, headers = [] } = options
  mkdirSync(place, { recursive: true })
  const config = join(place, 'nginx.conf')
  writeFileSync(
    config,
    `worker_processes 1;
daemon off;
user root;
pid ${place}/nginx.pid;
error_log ${place}/error.log warn;
events { worker_connections 256; }
http {
  access_log ${place}/access.log combined;
  client_body_temp_path ${place}/body;
  proxy_temp_path ${place}/proxy;
  fastcgi_temp_path ${place}/fastcgi;
  uwsgi_temp_path ${place}/uwsgi;
  scgi_temp_path ${place}/scgi;
  server {
    ${listen.map((address) => `listen ${address.includes(':') ? `[${address}]` : address}:80;`).join('\n    ')}
    location / {
      proxy_pass http://${upstream};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${headers.map((header) => `proxy_set_header ${header};`).join('\n      ')}
    }
  }
}
`,
  )
  const [command, ...args] = [...prefix, findProgram('nginx') ?? 'nginx', '-c', config, '-p', place, '-e', join(place, 'error.log')]
  const program = startProgram(command, args)
  await eventually(() => {
    if (program.child.exitCode !== null) throw new Error(`nginx ended:\n${program.output()}`)
    try {
      run('test', '-s', join(place, 'nginx.pid'))
      return true
    } catch {
      return undefined
    }
  }, 'nginx is up')
  return program
}
