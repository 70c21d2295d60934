import { get } from 'node:http'
import type { HostPort } from '../../config/read-settings.js'

const TIMEOUT_MS = 1_000
const LONGEST = 256

/** What the running nginx says of its include; `undefined` when it says nothing that could be one. Never rejects. */
export const readGeneration = ({ host, port }: HostPort): Promise<string | undefined> =>
  new Promise((resolve) => {
    const request = get({ host, port, path: '/', agent: false, timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > LONGEST) request.destroy()
      })
      response.on('end', () => resolve(/^[\da-f]{32}$/.exec(text.trim())?.[0]))
      response.on('close', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
