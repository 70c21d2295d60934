import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type HeaderFacts, isPage, judgeAnswers } from './answers.js'

/** Does a Permissions-Policy header hold a feature that browsers can read? Source: W3C Permissions Policy, section 5.2 (a structured dictionary). */
export const isPermissionsPolicy = (value: string): boolean => {
  const members = value.split(',').map((member) => member.trim())
  return (
    members.length > 0 &&
    members.every((member) => /^[a-z*][\w-]{0,60}\s*=\s*(?:\*|[\w-]+|\((?:[^()]{0,2000})\))(?:;[^,]{0,200})?$/.test(member))
  )
}

/** Pages that leave camera, microphone and the like to every frame. Source: W3C Permissions Policy. */
export const permissionsPolicy: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-017',
  name: 'permissions-policy',
  family: 'headers',
  title: 'Pages do not say which features of the browser they use',
  severity: 'low',
  kind: 'passive',
  cwe: 693,
  asvs: [],
  needs: [],
  why: 'A script that got in, or a frame, may ask for camera, place or payment in the name of the site.',
  fix: 'Send `Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()` and leave out what the pages need.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'permissions-policy',
      what: 'pages',
      of: isPage,
      show: ['feature-policy'],
      complain: ({ headers }) => {
        const value = headers['permissions-policy']
        if (value === undefined)
          return [
            {
              key: 'missing',
              says:
                'feature-policy' in headers
                  ? 'Permissions-Policy is missing, and browsers no longer read Feature-Policy'
                  : 'Permissions-Policy is missing',
            },
          ]
        return isPermissionsPolicy(value) ? [] : [{ key: 'void', says: `Permissions-Policy cannot be read ("${value.slice(0, 60)}")` }]
      },
    }),
})
