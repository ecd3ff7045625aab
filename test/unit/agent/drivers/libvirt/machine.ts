import type { RenderInput } from '../../../../../agent/drivers/libvirt/render/input.ts'
import type { MachineSpec } from '../../../../../schemas/generated/plan.ts'
import type { VirtualMachineInstanceSpec } from '../../../../../schemas/generated/virtual-machine.ts'

/** A host as the agent finds it, with or without KVM. */
export function hostWith(accelerator: 'kvm' | 'tcg'): RenderInput['host'] {
  return {
    accelerator,
    architecture: 'x86_64',
    emulator: '/usr/bin/qemu-system-x86_64',
    machineTypes: ['q35', 'pc-q35-7.2', 'pc', 'pc-i440fx-7.2'],
    firmwares: ['bios', 'efi', 'efi-secure'],
    tpm: true,
    cpuModels: ['qemu64'],
    vhostNet: false,
  }
}

export function machineWith(change: (spec: VirtualMachineInstanceSpec) => void = () => undefined): MachineSpec {
  const spec: VirtualMachineInstanceSpec = {
    domain: { memory: { guest: '64Mi' }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
    volumes: [{ name: 'root', dataVolume: { name: 'root' } }],
  }
  change(spec)
  return {
    key: 'VirtualMachine/test/a',
    namespace: 'test',
    name: 'a',
    uid: '11111111-1111-5111-8111-111111111111',
    labels: {},
    annotations: {},
    runStrategy: 'Always',
    template: { spec },
    inputs: {},
    origin: { path: 'vms/a.yaml', line: 3, column: 1 },
  }
}

export function inputWith(machine: MachineSpec, change: Partial<RenderInput> = {}): RenderInput {
  const names = (machine.template.spec?.volumes ?? []).map((volume) => volume.name)
  return {
    machine,
    node: 'n1',
    host: hostWith('kvm'),
    sources: new Map(names.map((name) => [name, { type: 'file', path: `/images/${name}.img`, format: 'raw' }])),
    podNetwork: 'gitvirt-pod',
    paths: { console: '/run/c.sock', consoleLog: '/state/c.log', vnc: '/run/v.sock' },
    ...change,
  }
}
