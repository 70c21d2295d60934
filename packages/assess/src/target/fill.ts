import type { ProbeRequest } from '../client/types.js'
import type { RequestTemplate } from './target.js'

/** What stands for `{{name}}`, `{{password}}`, `{{code}}` and `{{nonce}}`. */
export type Blanks = { readonly name?: string; readonly password?: string; readonly code?: string; readonly nonce?: string }

const MOST_DEPTH = 20

const fillText = (text: string, blanks: Blanks): string =>
  text.replaceAll(/\{\{(name|password|code|nonce)\}\}/g, (whole, key: keyof Blanks) => blanks[key] ?? whole)

const fillValue = (value: unknown, blanks: Blanks, depth: number): unknown => {
  if (typeof value === 'string') return fillText(value, blanks)
  if (depth > MOST_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => fillValue(item, blanks, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillValue(item, blanks, depth + 1)]))
}

/** The request of a template with its blanks filled in; in paths they are percent-encoded. `hidden` are further fields of its form. */
export const fillRequest = (template: RequestTemplate, blanks: Blanks, hidden: Readonly<Record<string, string>> = {}): ProbeRequest => {
  const encoded = Object.fromEntries(Object.entries(blanks).map(([key, value]) => [key, encodeURIComponent(value)]))
  const form = template.form === undefined ? undefined : { ...hidden, ...(fillValue(template.form, blanks, 0) as Record<string, string>) }
  return {
    method: template.method ?? (template.form === undefined && template.json === undefined ? 'GET' : 'POST'),
    path: fillText(template.path, encoded),
    ...(form === undefined ? {} : { form }),
    ...(template.json === undefined ? {} : { json: fillValue(template.json, blanks, 0) }),
  }
}
