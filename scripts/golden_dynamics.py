"""What Pinocchio and MuJoCo say of random states of an arm: golden_dynamics.py URDF FRAME FILE.

The file, all little-endian: 8 bytes "FRGOLD01"; u32 states, u32 joints n, u32 numbers per state, u32 0; then for each
state, as f64: coordinates, speeds, accelerations, efforts (n each); force and moment on the frame (3 each; world axes, at
its origin); then from Pinocchio and after it from MuJoCo: position of the frame (3), its quaternion x y z w (4), its
Jacobian by columns (6 n; rows linear, angular; world axes, at its origin), the upper triangle of the mass matrix by rows
(n (n + 1) / 2), the efforts for the accelerations (n), the accelerations for the efforts (n).

Friction is none of it. `armature` of <dynamics> is given to both by hand: URDF has no word for it.
"""

import struct
import sys
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pinocchio

STATES = 1000
SEED = 20261122
GRAVITY = np.array([0.0, 0.0, -9.80665])


class Joints:
    """The movable joints of a URDF, in its order."""

    def __init__(self, robot):
        self.nodes = [j for j in robot.findall("joint") if j.get("type") != "fixed"]
        self.names = [j.get("name") for j in self.nodes]

    def limit(self, which):
        return np.array([float(j.find("limit").get(which)) for j in self.nodes])

    def armature(self):
        return np.array([float(j.find("dynamics").get("armature", "0")) for j in self.nodes])


class Pinocchio:
    def __init__(self, text, joints, frame):
        self.model = pinocchio.buildModelFromXML(text)
        self.model.gravity.linear = GRAVITY
        assert list(self.model.names)[1:] == joints.names, "another order of joints"
        self.model.armature = joints.armature()
        self.model.friction = np.zeros(self.model.nv)
        self.model.damping = np.zeros(self.model.nv)
        self.data = self.model.createData()
        self.frame = self.model.getFrameId(frame)

    def answer(self, q, v, a, effort, wrench):
        model, data = self.model, self.data
        pinocchio.framesForwardKinematics(model, data, q)
        pose = data.oMf[self.frame]
        world = pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
        jacobian = pinocchio.computeFrameJacobian(model, data, q, self.frame, world)
        # The wrench on the joint that carries the frame, in the frame of that joint.
        joint = model.frames[self.frame].parentJoint
        at_frame = pinocchio.Force(pose.rotation.T @ wrench[:3], pose.rotation.T @ wrench[3:])
        outside = [pinocchio.Force.Zero() for _ in range(model.njoints)]
        outside[joint] = model.frames[self.frame].placement.act(at_frame)
        mass = np.triu(pinocchio.crba(model, data, q))
        inverse = pinocchio.rnea(model, data, q, v, a, outside)
        forward = pinocchio.aba(model, data, q, v, effort, outside)
        quaternion = pinocchio.Quaternion(pose.rotation).coeffs()
        return pose.translation, quaternion, jacobian, mass, inverse, forward


class MuJoCo:
    def __init__(self, text, joints, frame):
        # Every link stays a body, and no inertia is touched.
        options = '<mujoco><compiler fusestatic="false" balanceinertia="false"/></mujoco>'
        text = text.replace("</robot>", options + "</robot>")
        self.model = mujoco.MjModel.from_xml_string(text)
        self.model.opt.gravity[:] = GRAVITY
        # Ends of ranges are not the tree's.
        self.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
        self.model.dof_armature[:] = joints.armature()
        self.model.dof_damping[:] = 0.0
        self.model.dof_frictionloss[:] = 0.0
        self.data = mujoco.MjData(self.model)
        names = [self.model.joint(i).name for i in range(self.model.njnt)]
        assert names == joints.names, "another order of joints"
        self.body = self.model.body(frame).id

    def answer(self, q, v, a, effort, wrench):
        model, data = self.model, self.data
        n = model.nv
        data.qpos[:], data.qvel[:], data.qacc[:] = q, v, a
        data.qfrc_applied[:] = 0.0
        mujoco.mj_inverse(model, data)
        point = data.xpos[self.body].copy()
        linear, angular = np.zeros((3, n)), np.zeros((3, n))
        mujoco.mj_jac(model, data, linear, angular, point, self.body)
        pushed = np.zeros(n)
        mujoco.mj_applyFT(model, data, wrench[:3], wrench[3:], point, self.body, pushed)
        inverse = data.qfrc_inverse - pushed
        mass = np.array([unit_column(model, data, i) for i in range(n)])
        data.qfrc_applied[:] = effort + pushed
        mujoco.mj_forward(model, data)
        w, x, y, z = data.xquat[self.body]
        position = data.xpos[self.body].copy()
        jacobian = np.vstack([linear, angular])
        return position, np.array([x, y, z, w]), jacobian, np.triu(mass), inverse, data.qacc.copy()


def unit_column(model, data, i):
    """Column i of the mass matrix."""
    column, unit = np.zeros(model.nv), np.zeros(model.nv)
    unit[i] = 1.0
    mujoco.mj_mulM(model, data, column, unit)
    return column


def main():
    urdf, frame, out = sys.argv[1:]
    with open(urdf, encoding="utf-8") as file:
        text = file.read()
    text = text[text.index("<robot") :]
    joints = Joints(ElementTree.fromstring(text))
    oracles = [Pinocchio(text, joints, frame), MuJoCo(text, joints, frame)]
    lower, upper = joints.limit("lower"), joints.limit("upper")
    speed, force = joints.limit("velocity"), joints.limit("effort")
    n = len(joints.names)
    upper_triangle = np.triu_indices(n)
    random = np.random.default_rng(SEED)
    records, apart = [], np.zeros(6)
    for _ in range(STATES):
        q = random.uniform(lower, upper)
        v = random.uniform(-speed, speed)
        a = random.normal(size=n) * 10.0 * speed
        effort = random.uniform(-force, force)
        wrench = random.normal(size=6) * np.array([10.0, 10.0, 10.0, 1.0, 1.0, 1.0])
        record = [q, v, a, effort, wrench]
        answers = [oracle.answer(q, v, a, effort, wrench) for oracle in oracles]
        for position, quaternion, jacobian, mass, inverse, forward in answers:
            record += [position, quaternion, jacobian.T.ravel(), mass[upper_triangle], inverse, forward]
        for i, (one, other) in enumerate(zip(*answers)):
            sign = -1.0 if i == 1 and one @ other < 0.0 else 1.0
            scale = np.linalg.norm(one) if i > 2 else 1.0
            apart[i] = max(apart[i], np.linalg.norm(one - sign * other) / scale)
        records.append(np.concatenate(record))
    with open(out, "wb") as file:
        file.write(b"FRGOLD01" + struct.pack("<4I", STATES, n, len(records[0]), 0))
        file.write(np.array(records, dtype="<f8").tobytes())
    names = ["position", "quaternion", "Jacobian", "mass matrix", "inverse", "forward"]
    print(f"{out}: the two differ by at most", ", ".join(f"{k} {x:.1e}" for k, x in zip(names, apart)))


main()
