import { describe, expect, it } from 'vitest'
import { createView } from './view.js'

const view = createView(
  {},
  { admin: { '*': 'show' }, support: { personal: 'mask', secret: 'redact', email: 'show', phone: { action: 'mask', keepLast: 2 } } },
)
const record = {
  email: 'anna@example.org',
  phone: '+49 151 23456789',
  card: '4111 1111 1111 1111',
  cardNumber: '4111111111111111',
  password: 'hunter2',
  note: 'write to anna@example.org',
}

describe('a view', () => {
  it('shows support the last digits, admins everything, and nobody in particular nothing [ASVS 14.2.6]', () => {
    expect(view('admin').value(record)).toEqual(record)
    const support = view('support').value(record) as typeof record
    expect(support).toMatchObject({ email: 'anna@example.org', note: 'write to anna@example.org', phone: '****89' })
    expect(support.cardNumber).toBe('****1111')
    expect(support.password).not.toContain('hunter2')
    for (const role of [undefined, 'intern', '', 'constructor', '__proto__', 'Admin'])
      expect(JSON.stringify(view(role).value(record))).not.toMatch(/anna|6789|1111|hunter2/)
  })

  it('is the same for text, values and JSON', () => {
    const masker = view('support')
    expect(masker.text('phone=+4915123456789')).toContain('****89')
    expect(JSON.parse(masker.json(JSON.stringify(record)))).toEqual(masker.value(record))
  })

  it('that names a rule which is not there is refused when it is built', () => {
    expect(() => createView({}, { support: { 'e-mial': 'show' } })).toThrow(/A masking rule or policy is not valid/)
  })
})
