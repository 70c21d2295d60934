import { Link } from 'wouter'

import { useTitle } from '../components/page-title.js'
import { Empty } from '../components/states.js'

/** For an address that is no page. */
export const NotFound = () => {
  useTitle('Not found')
  return (
    <>
      <h1 className="sr-only">Not found</h1>
      <Empty title="There is no such page">
        The address may be mistyped, or from a newer version.{' '}
        <Link href="/" className="link">
          Go to Now
        </Link>
        .
      </Empty>
    </>
  )
}
