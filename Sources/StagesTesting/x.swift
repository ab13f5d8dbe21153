public import Stages
