import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A key and a certificate as text, and the files `<name>.key` and `<name>.crt` that hold them. */
export type SelfSigned = { readonly key: string; readonly cert: string; readonly keyFile: string; readonly certFile: string }

/**
 * A certificate for a host that nobody has signed but itself, good for two days, made by openssl (`needs('openssl')`) in a folder, which
 * is made where there is none. 127.0.0.1 is in it too.
 */
export const selfSigned = (folder: string, { name = 'tls', host = 'localhost' }: { name?: string; host?: string } = {}): SelfSigned => {
  mkdirSync(folder, { recursive: true })
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`]
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' })
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), keyFile, certFile }
}
