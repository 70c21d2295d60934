import type { AlertView } from '@parapet/core'
import { Link } from 'wouter'

import { HostileText } from '../../components/hostile-text.js'

/** The title of an alert, leading to its page. */
export const AlertLink = ({ alert }: { readonly alert: AlertView }) => (
  <Link href={`/alerts/${encodeURIComponent(alert.id)}`} data-open="" className="font-medium hover:underline">
    <HostileText text={alert.rule.title} limit={120} expandable={false} />
  </Link>
)
