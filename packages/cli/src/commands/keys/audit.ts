import { open } from 'node:fs/promises'
import { type AuditEntry, type AuditSink, ParapetError } from '@parapet/core'
import { escapeText, toJsonLine } from '../../output/escape.js'
import type { Terminal } from '../../output/terminal.js'

/** A record of acts that is closed when the command ends. */
export type CliAudit = AuditSink & { readonly close: () => Promise<void> }

/**
 * Adds entries to a file, one JSON object a line, each on disk before the command goes on. The file is opened before anything is
 * done. Throws `PPT_FILE_UNREADABLE`.
 */
export const createAuditFile = async (path: string): Promise<CliAudit> => {
  const handle = await open(path, 'a', 0o600).catch((cause: unknown) => {
    throw new ParapetError('PPT_FILE_UNREADABLE', `--audit ${path} (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause })
  })
  return {
    record: async (entry) => {
      await handle.write(`${JSON.stringify(entry)}\n`)
      await handle.sync()
    },
    close: () => handle.close(),
  }
}

const inWords = ({ action, resource, detail, outcome }: AuditEntry): string => {
  const facts = Object.entries(detail ?? {}).map(([name, value]) => `${name} ${String(value)}`)
  return `${action}  ${resource.id ?? ''}${facts.length === 0 ? '' : `  ${facts.join(', ')}`}${outcome === 'success' ? '' : `  ${outcome}`}`
}

/** Says entries on standard error, where no file was named. */
export const createAuditNotice = (terminal: Terminal, json: boolean): CliAudit => ({
  record: (entry) => {
    terminal.notice(json ? toJsonLine({ audit: entry }) : terminal.errorColors.dim(`record  ${escapeText(inWords(entry))}`))
    return Promise.resolve()
  },
  close: () => Promise.resolve(),
})
