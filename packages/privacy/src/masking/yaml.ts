import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

/** The library, loaded when a file is read: programs take the rules from the read-ahead file. */
export const yaml = (): typeof Yaml => createRequire(import.meta.url)('yaml') as typeof Yaml
