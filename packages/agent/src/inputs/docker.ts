import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { AgentConfig } from '../config/config.js'
import { fitsName } from '../files/glob.js'
import type { FileSource } from '../tail/tail-files.js'

const MOST_CONFIG = 4_194_304

/** The name of a container, from the file in which Docker keeps what it knows of it; its short id where that cannot be read. */
export const containerName = (folder: string): string => {
  const id = basename(folder).slice(0, 12)
  try {
    const text = readFileSync(join(folder, 'config.v2.json'), 'utf8')
    if (text.length > MOST_CONFIG) return id
    const { Name } = JSON.parse(text) as { Name?: unknown }
    return typeof Name === 'string' && /^\/[\w.-]{1,128}$/.test(Name) ? Name.slice(1) : id
  } catch {
    return id
  }
}

/** The logs of containers (driver `json-file`) as files to follow, those whose names are wanted. */
export const dockerSource = ({ root, containers, format }: AgentConfig['docker']): FileSource => ({
  path: join(root, '*', '*-json.log'),
  format,
  from: 'end',
  backlog: false,
  nameOf: (path) => `docker:${containerName(dirname(path))}`,
  wants: (path) => {
    const name = containerName(dirname(path))
    return containers.some((pattern) => fitsName(pattern, name))
  },
})
