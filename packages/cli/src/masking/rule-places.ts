import type { RuleFile } from '@parapet/privacy'
import { readRuleFiles as readYamlFiles } from '../log-input/rule-files.js'

/** The masking rules of a directory and those below it, or of one file. Throws `PPT_FILE_UNREADABLE`, `PPT_MASK_RULE`. */
export const readMaskRules = async (place: string): Promise<readonly RuleFile[]> => {
  const { readRuleFile } = await import('@parapet/privacy')
  const sources = await readYamlFiles(place)
  return sources.map(({ file, text }) => ({ file, rules: readRuleFile(text, file) }))
}
