import type { ReactNode } from 'react'
import { Component } from 'react'

import { Failure } from './states.js'

type Props = { readonly children: ReactNode }

/**
 * Shows a fault of the console itself instead of a white page. React has no way to do this without a class.
 */
export class Fault extends Component<Props, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children
    return (
      <main className="mx-auto max-w-xl px-4 py-24">
        <Failure error={this.state.error} retry={() => location.reload()} />
      </main>
    )
  }
}
