/** A small machine as a test pushes it. */
export type MachineManifest = {
  readonly name: string
  readonly runStrategy: 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once'
  /** File on the demo's image server; default: the tiny guest. */
  readonly image?: string
  /** Default 128Mi. */
  readonly memory?: string
  readonly graceSeconds?: number
}

/** One VirtualMachine with a disk of its own from the image server, a cloud-init seed that sets host name and password, and no network card. */
export function machineManifest(machine: MachineManifest): string {
  const { name, runStrategy, image = 'tiny-guest.qcow2', memory = '128Mi', graceSeconds = 30 } = machine
  return `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: ${name}
spec:
  runStrategy: ${runStrategy}
  dataVolumeTemplates:
    - metadata:
        name: ${name}-root
      spec:
        source:
          http:
            url: http://127.0.0.1:8090/${image}
        storage:
          resources:
            requests:
              storage: 64Mi
  template:
    spec:
      terminationGracePeriodSeconds: ${graceSeconds}
      domain:
        memory:
          guest: ${memory}
        devices:
          autoattachPodInterface: false
          disks:
            - name: root
              disk:
                bus: virtio
            - name: cloudinit
              disk:
                bus: virtio
      volumes:
        - name: root
          dataVolume:
            name: ${name}-root
        - name: cloudinit
          cloudInitNoCloud:
            userData: |
              #cloud-config
              hostname: ${name}
              password: gitvirt
              chpasswd: { expire: false }
`
}
