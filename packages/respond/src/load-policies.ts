import { readdir, readFile } from 'node:fs/promises'
import { isMap, LineCounter, type Node, parseDocument } from 'yaml'
import type { Policy, PolicyProblem, PolicySource } from './policy.js'
import { readPolicy } from './policy-reader.js'

const MAX_FILE = 65_536

const loadOne = (source: PolicySource): { policy?: Policy; problems: PolicyProblem[] } => {
  const { file, text } = source
  if (text.length > MAX_FILE) return { problems: [{ file, line: 1, reason: `a policy file has at most ${MAX_FILE} characters` }] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map((error) => ({
        file,
        line: lineAt(error.pos[0]),
        reason: error.message.split('\n', 1)[0] ?? error.code,
      })),
    }
  }
  const root = document.contents
  if (!isMap(root))
    return { problems: [{ file, line: 1, reason: 'a policy is a mapping with id, title, description, order, match, respond' }] }
  const faults: { line: number; reason: string }[] = []
  const report = (node: Node | null | undefined, reason: string): void => {
    faults.push({ line: lineAt(node?.range?.[0] ?? 0), reason })
  }
  const policy = readPolicy(root, file, report)
  if (faults.length === 0) return { policy, problems: [] }
  const where = policy.id === '' ? { file } : { file, policyId: policy.id }
  return { problems: faults.map(({ line, reason }) => Object.assign({ line, reason }, where)) }
}

/**
 * Reads policies and lints them. A file with a fault is left out and reported; the others are returned in the order in which
 * they are asked. An id that is taken already is a fault of the later file.
 */
export const loadPolicies = (sources: readonly PolicySource[]): { policies: Policy[]; problems: PolicyProblem[] } => {
  const policies: Policy[] = []
  const problems: PolicyProblem[] = []
  for (const source of sources) {
    const { policy, problems: found } = loadOne(source)
    problems.push(...found)
    if (policy === undefined) continue
    const taken = policies.find((other) => other.id === policy.id)
    if (taken === undefined) policies.push(policy)
    else problems.push({ file: policy.file, line: 1, policyId: policy.id, reason: `id ${policy.id} is taken by ${taken.file}` })
  }
  policies.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1))
  return { policies, problems }
}

/** The policies that come with Parapet, ordered by file name. Throws what the file system throws when the package is incomplete. */
export const builtinPolicies = async (): Promise<readonly PolicySource[]> => {
  const folder = new URL('../policies/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yml')).toSorted()
  return Promise.all(names.map(async (name) => ({ file: `policies/${name}`, text: await readFile(new URL(name, folder), 'utf8') })))
}
