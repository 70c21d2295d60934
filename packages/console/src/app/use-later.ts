import { useEffect, useState } from 'react'

/** A value as it was when it last stood still for `ms`: what is typed is asked for when the typing pauses. */
export const useLater = <T>(value: T, ms = 300): T => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
